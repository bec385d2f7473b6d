import type { PageSuite, SuiteAnswer } from './SuiteCases.ts'

/** Any browser's page. */
export interface EvaluatingPage {
  /** The value of an expression, awaited there. **Shape**  what JSON can say. */
  readonly evaluate: (expression: string) => Promise<unknown>
}

/** Asks the suite of a page; it waits until the page has exposed one. */
export const askSuite = async (
  page: EvaluatingPage,
  request: Parameters<PageSuite['ask']>[0],
): Promise<SuiteAnswer> => {
  const exposed = `(async () => { while (!('headwaterSuite' in globalThis)) await new Promise((r) => setTimeout(r, 10)) })()`
  return (await page.evaluate(`${exposed}.then(() => headwaterSuite.ask(${JSON.stringify(request)}))`)) as SuiteAnswer
}
