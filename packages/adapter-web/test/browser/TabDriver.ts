/** What a page under test may ask of the browser: tabs of its own origin that come and go. */
import type { BrowserContext, Page } from 'playwright-core'

/** Asked by pages as `headwaterTabs(call)`. */
export type TabCall =
  | { readonly do: 'open'; readonly tab: string; readonly path: string }
  /** In the middle of what it does. */
  | { readonly do: 'crash'; readonly tab: string }
  | { readonly do: 'close'; readonly tab: string }

/** Page side. */
export const askTabs = (call: TabCall): Promise<void> =>
  (globalThis as unknown as { readonly headwaterTabs: (call: TabCall) => Promise<void> }).headwaterTabs(call)

/** Lets every page of a context open tabs. To be called before pages are opened. */
export const driveTabs = async (context: BrowserContext, url: string): Promise<void> => {
  const tabs = new Map<string, Page>()
  await context.exposeFunction('headwaterTabs', async (call: TabCall) => {
    if (call.do === 'open') {
      const page = await context.newPage()
      tabs.set(call.tab, page)
      page.on('pageerror', (error) => console.error(error))
      page.on('console', (message) => {
        if (message.type() === 'error') console.error(`tab ${call.tab}: ${message.text()}`)
      })
      await page.goto(`${url}/${call.path}`)
      return
    }
    const page = tabs.get(call.tab)
    tabs.delete(call.tab)
    if (page === undefined) return
    if (call.do === 'crash') await (await prepareCrash(context, page))()
    await page.close()
  })
}

/** The answer ends a page's process at once. */
export const prepareCrash = async (context: BrowserContext, page: Page): Promise<() => Promise<void>> => {
  const session = await context.newCDPSession(page)
  const crashed = new Promise<void>((resolve) => page.once('crash', () => resolve()))
  return async () => {
    // Never answered.
    session.send('Page.crash').catch(() => undefined)
    await crashed
  }
}
