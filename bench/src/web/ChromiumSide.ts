import type { Page } from 'playwright-core'
import type { ColdStart } from '../ColdStart.ts'
import { measureColdStarts } from '../ColdStartLoop.ts'
import type { Measurement } from '../Workload.ts'
import { withBenchBrowser } from './BenchBrowser.ts'
import type { BenchPage } from './BenchPage.ts'
import type { LoopName } from './PortableLoops.ts'

/** What the pages put on their global objects. */
interface PageGlobals {
  readonly headwaterBench: BenchPage
  readonly headwaterStarted: Promise<ColdStart>
}

/** How tabs reach the leader: as `webAdapter` has it. */
export type Transport = 'auto' | 'relay'

const pagePath = (transport: Transport): string => (transport === 'relay' ? 'BenchPage?relay' : 'BenchPage')

/** Runs a loop in a page of a Chromium. */
export const runInChromium = (loop: LoopName, transport: Transport = 'auto'): Promise<Measurement> =>
  withBenchBrowser(async ({ open }) => {
    const page = await open(pagePath(transport))
    await page.exposeFunction('openFollowerTab', async (place: string) => {
      const tab = await open(pagePath(transport))
      await tab.evaluate((at) => (globalThis as unknown as PageGlobals).headwaterBench.follow(at), place)
    })
    return await page.evaluate((name) => (globalThis as unknown as PageGlobals).headwaterBench.run(name), loop)
  })

/** Every start is a tab of its own, of a browser that runs. */
export const measureColdPages = (): Promise<Measurement> =>
  withBenchBrowser(({ open }) => {
    const inTab = async <A>(path: string, use: (page: Page) => Promise<A>): Promise<A> => {
      const page = await open(path)
      try {
        return await use(page)
      } finally {
        await page.close()
      }
    }
    return measureColdStarts({
      make: () =>
        inTab(pagePath('auto'), (page) =>
          page.evaluate(() => (globalThis as unknown as PageGlobals).headwaterBench.makeColdStores()),
        ),
      start: (place) =>
        inTab(`ColdPage?${place}`, (page) =>
          page.evaluate(() => (globalThis as unknown as PageGlobals).headwaterStarted),
        ),
    })
  })
