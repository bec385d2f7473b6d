import type { TabCall } from '../browser/TabDriver.ts'
import type { RemoteBrowser, RemotePage } from './RemoteBrowser.ts'

/**
 * Lets a page open and close tabs, as `driveTabs` does in Chromium; a crash is a close. Until the page is closed.
 * **Shape**  ends when nothing can be asked of the page any more.
 */
export const serveTabs = async (browser: RemoteBrowser, page: RemotePage, url: string): Promise<void> => {
  await page.evaluate(`Object.assign(globalThis, {
    headwaterTabCalls: [],
    headwaterTabs: (call) => new Promise((resolve) => headwaterTabCalls.push({ call, resolve })),
  }) && null`)
  const tabs = new Map<string, RemotePage>()
  for (;;) {
    const call = (await page.evaluate(nextCall).catch(() => null)) as TabCall | null
    if (call === null) return
    await handle(call)
    await page.evaluate('headwaterTabCalls.shift().resolve()')
  }
  async function handle(call: TabCall): Promise<void> {
    if (call.do === 'open') return void tabs.set(call.tab, await browser.open(`${url}/${call.path}`))
    await tabs.get(call.tab)?.close()
    tabs.delete(call.tab)
  }
}

/** Waits for one. */
const nextCall = `(async () => {
  while (headwaterTabCalls.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  return headwaterTabCalls[0].call
})()`
