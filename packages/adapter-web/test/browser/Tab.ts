import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { prepareCrash } from './TabDriver.ts'
import type { TabMethods, TabOpening } from './pages/Tab.ts'
import type { BrowserWorld } from './SuiteInBrowser.ts'

type Method = keyof TabMethods
type Answer<M extends Method> = Awaited<ReturnType<TabMethods[M]>>

export interface TabOptions extends TabOpening {
  /** As in browsers that have none. */
  readonly withoutSharedWorker?: boolean
}

/** A tab of `pages/Tab.ts` with the store open, seen from the test runner. */
export class Tab {
  readonly page: Page
  readonly #context: BrowserContext

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context
    this.page = page
  }

  static async open(world: BrowserWorld, options: TabOptions = {}): Promise<Tab> {
    const tab = await Tab.blank(world, options)
    const { withoutSharedWorker: _, ...adapterOptions } = options
    await tab.call('open', adapterOptions)
    return tab
  }

  /** Loaded, without a store. */
  static async blank(
    { chromium, server }: BrowserWorld,
    { withoutSharedWorker = false }: TabOptions = {},
  ): Promise<Tab> {
    const page = await chromium.context.newPage()
    page.on('pageerror', (error) => console.error(error))
    if (withoutSharedWorker) await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'SharedWorker'))
    await page.goto(`${server.url}/Tab`)
    return new Tab(chromium.context, page)
  }

  /** Calls a method of the page. */
  async call<M extends Method>(method: M, ...args: Parameters<TabMethods[M]>): Promise<Answer<M>> {
    await this.page.waitForFunction(() => 'headwaterTab' in globalThis)
    return (await this.page.evaluate(
      ([name, given]) => {
        const { headwaterTab } = globalThis as unknown as {
          headwaterTab: Record<string, (...all: unknown[]) => unknown>
        }
        return headwaterTab[name]!(...given)
      },
      [method, args] as const,
    )) as Answer<M>
  }

  prepareCrash(): Promise<() => Promise<void>> {
    return prepareCrash(this.#context, this.page)
  }

  /** The process that everything of this tab runs in: the one that gets busy when it does. */
  async pid(): Promise<number> {
    const browser = await this.#context.browser()!.newBrowserCDPSession()
    try {
      for (let round = 0; round < 50; round++) {
        const before = await cpuTimes(browser)
        await this.call('burn', 300)
        const spent = Array.from(await cpuTimes(browser), ([pid, time]) => ({
          pid,
          time: time - (before.get(pid) ?? 0),
        }))
        const [busiest, second] = spent.sort((a, b) => b.time - a.time)
        // Others may be busy with something of their own for a moment.
        if (busiest!.time > 0.03 && busiest!.time > 3 * (second?.time ?? 0)) return busiest!.pid
      }
      throw new Error('no process stands out: the machine is too busy to tell them apart')
    } finally {
      await browser.detach()
    }
  }

  /** Does not wait for the page to load. */
  async reloadSoon(): Promise<void> {
    for (;;) {
      try {
        await this.page.reload({ waitUntil: 'commit' })
        return
      } catch (error) {
        // In the moment between the old page and the new one there is none to reload.
        if (!String(error).includes('Not attached to an active page')) throw error
      }
    }
  }

  async close(): Promise<void> {
    await this.page.close()
  }
}

const cpuTimes = async (browser: CDPSession): Promise<ReadonlyMap<number, number>> => {
  const { processInfo } = await browser.send('SystemInfo.getProcessInfo')
  return new Map(processInfo.filter(({ type }) => type === 'renderer').map(({ id, cpuTime }) => [id, cpuTime]))
}
