/** Every page in a browser: no error, nothing wider than a phone, readable in both themes. */
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { mustBe } from '@headwater/checks/scaffold/Expectation'
import type { Chromium } from '@headwater/testkit/browser'

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** Pages that axe looks at, in both themes: one of each kind. */
const looked: ReadonlySet<string> = new Set(['', 'tutorial/', 'concepts/merge/', 'guides/queries/', 'packages/core/'])

/** **Shape**  `addresses`: below `url`. What is wrong, one line each. */
export const pageProblems = async (
  { browser }: Chromium,
  url: string,
  addresses: ReadonlyArray<string>,
): Promise<ReadonlyArray<string>> => {
  const problems: Array<string> = []
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, colorScheme })
    const page = await context.newPage()
    let at = ''
    page.on('pageerror', (error) => problems.push(`${at}: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`${at}: ${message.text()}`)
    })
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
        problems.push(`${at}: asks ${request.url()}`)
    })
    // In the dark only what is looked at: width and errors do not depend on it.
    for (const address of addresses.filter((each) => colorScheme === 'light' || looked.has(each))) {
      at = `/${address} (${colorScheme})`
      await page.goto(url + address)
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      if (width > 390) problems.push(`${at}: ${width} px wide on a phone of 390`)
      if (looked.has(address)) problems.push(...(await violations(page)).map((each) => `${at}: ${each}`))
    }
    await context.close()
  }
  return problems
}

const violations = async (page: Page): Promise<ReadonlyArray<string>> => {
  // Code blocks make themselves reachable as soon as the page has time.
  await page.waitForFunction(() =>
    [...document.querySelectorAll('pre')].every((code) => code.scrollWidth <= code.clientWidth || code.tabIndex === 0),
  )
  await page.addScriptTag({ path: axeFile })
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      readonly axe: {
        readonly run: (
          of: Document,
          options: object,
        ) => Promise<{
          readonly violations: ReadonlyArray<{
            readonly id: string
            readonly nodes: ReadonlyArray<{ readonly html: string }>
          }>
        }>
      }
    }
    // Regions of code that can be scrolled have no names: nobody would read out what is better read as the code.
    const found = await axe.run(document, { rules: { 'landmark-unique': { enabled: false } } })
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
  })
}

/** Somebody looks for a word, and the page about it is among the first. */
export const checkSearch = async ({ browser }: Chromium, url: string): Promise<ReadonlyArray<string>> => {
  const page = await browser.newPage()
  await page.goto(url)
  await page.getByRole('button', { name: 'Search' }).click()
  await page
    .getByRole('textbox', { name: /search/i })
    .or(page.getByRole('searchbox'))
    .fill('quarantine')
  await page.locator('#starlight__search').getByText('Rejections and quarantine').first().waitFor()
  await page.keyboard.press('Escape')
  const response = await page.request.get(`${url}no/such/page`)
  mustBe(response.status() === 404, `a wrong address answers ${response.status()}`)
  mustBe((await response.text()).includes('There is no such page'), 'a wrong address shows no page')
  await page.close()
  return ['search finds a page', 'a wrong address is told']
}
