import type { Page } from 'playwright-core'
import type { PageSuite, SuiteAnswer } from './SuiteCases.ts'

/** Asks the suite of a page; it waits until the page has exposed one. */
export const askSuite = async (page: Page, request: Parameters<PageSuite['ask']>[0]): Promise<SuiteAnswer> => {
  await page.waitForFunction(() => 'headwaterSuite' in globalThis)
  return page.evaluate(
    (asked) => (globalThis as unknown as { readonly headwaterSuite: PageSuite }).headwaterSuite.ask(asked),
    request,
  )
}
