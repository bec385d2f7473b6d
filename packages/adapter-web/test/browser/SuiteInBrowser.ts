import { afterAll, describe, test } from 'vitest'
import { type Chromium, launchChromium, makeProfile } from '@headwater/testkit/browser'
import { type PageServer, servePages } from './PageServer.ts'
import { askSuite, type EvaluatingPage } from './SuitePage.ts'

export interface BrowserWorld {
  readonly chromium: Chromium
  readonly server: PageServer
  readonly profile: string
}

/** A browser with an empty profile and a server of these pages, for one test file; both end with it. */
export const openWorld = async (
  entries: ReadonlyArray<string>,
  moreFlags: ReadonlyArray<string> = [],
): Promise<BrowserWorld> => {
  const profile = makeProfile()
  const server = await servePages(entries)
  const chromium = await launchChromium(profile.path, moreFlags)
  afterAll(async () => {
    await chromium.close()
    await server.close()
    profile.remove()
  })
  return { chromium, server, profile: profile.path }
}

/** A case may open many tabs and stores, on a machine however busy. **Units** ms. */
const caseMs = 120_000

/**
 * Registers every case of a page's suite as a test of its own. What a case returns is printed as a line of figures.
 * Awaited at the top of a test file.
 */
export const suiteInBrowser = async (
  name: string,
  { chromium, server }: BrowserWorld,
  entry: string,
): Promise<void> => {
  const page = await chromium.context.newPage()
  page.on('pageerror', (error) => console.error(error))
  await page.goto(`${server.url}/${entry}`)
  await suiteOfPage(name, { evaluate: (expression) => page.evaluate(expression) })
}

/** The same for a page of any browser. */
export const suiteOfPage = async (name: string, page: EvaluatingPage): Promise<void> => {
  const { cases = [], failure: refusal } = await askSuite(page, { list: true })
  if (refusal !== undefined) throw new Error(`${name}: ${refusal}`)
  if (cases.length === 0) throw new Error(`the suite "${name}" has no cases`)
  describe(name, () => {
    for (const each of cases) {
      const run = async () => {
        const { failure, value } = await askSuite(page, { run: each.name })
        if (failure !== undefined) throw new Error(failure)
        if (typeof value === 'string') console.log(`PROOF ${value}`)
      }
      if (each.isSkipped) test.skip(each.name, run)
      else test(each.name, { timeout: caseMs }, run)
    }
  })
}
