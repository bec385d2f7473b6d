/**
 * What holds in every browser, run in the one that is named: `HEADWATER_FIREFOX=/usr/bin/firefox`, or
 * `HEADWATER_WEBDRIVER=http://127.0.0.1:4444` for Safari, WebKitGTK and others. What only Chromium's own protocol can do
 * (crashes, quotas, processes that are stopped) is in the other files.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { servePages } from './browser/PageServer.ts'
import { suiteOfPage } from './browser/SuiteInBrowser.ts'
import { openOtherBrowser } from './others/OtherBrowser.ts'
import type { RemoteBrowser, RemotePage } from './others/RemoteBrowser.ts'
import { serveTabs } from './others/RemoteTabs.ts'

const browser = await openOtherBrowser()

if (browser === null) test.skip('another browser: none is named', () => undefined)
else await testsIn(browser)

async function testsIn(other: RemoteBrowser): Promise<void> {
  const server = await servePages([
    'MemoryDriver',
    'OpfsDriver',
    'StoreFolders',
    'Healing',
    'Conformance',
    'Actor',
    'Tab',
  ])
  afterAll(async () => {
    await other.close()
    await server.close()
  })
  for (const entry of ['MemoryDriver', 'OpfsDriver', 'StoreFolders', 'Healing', 'Conformance', 'Conformance?relay']) {
    const page = await other.open(`${server.url}/${entry}`)
    void serveTabs(other, page, server.url)
    await suiteOfPage(`${other.name}, ${entry}`, page)
  }
  describe.each(['auto', 'relay'])(`${other.name}, tabs, transport %s`, (transport) => {
    const open = async (): Promise<RemotePage> => {
      const page = await other.open(`${server.url}/Tab`)
      await page.evaluate(`headwaterTab.open({ transport: '${transport}' })`)
      return page
    }
    const idsOf = async (page: RemotePage) => (await page.evaluate('headwaterTab.ids()')) as ReadonlyArray<string>
    const untilNotes = (page: RemotePage, count: number) =>
      page.evaluate(`headwaterTab.until(${count}, 0, 20_000).then(() => null)`)

    test(
      'three tabs that commit are equal; the one that leads is closed, the others go on; all of it is kept',
      { timeout: 120_000 },
      async () => {
        const tabs = [await open(), await open(), await open()]
        const before = (await idsOf(tabs[0]!)).length
        await Promise.all(tabs.map((tab, i) => tab.evaluate(`headwaterTab.commit('${transport} ${i}', 20) ?? null`)))
        for (const tab of tabs) await untilNotes(tab, before + 60)
        const leads = await Promise.all(tabs.map((tab) => tab.evaluate('headwaterTab.leads()')))
        expect(leads.filter(Boolean)).toHaveLength(1)
        const leader = tabs[leads.indexOf(true)]!
        const left = tabs.filter((tab) => tab !== leader)
        await leader.close()
        await Promise.all(
          left.map((tab, i) => tab.evaluate(`headwaterTab.commit('${transport} after ${i}', 20) ?? null`)),
        )
        for (const tab of left) await untilNotes(tab, before + 100)
        for (const tab of left) {
          await tab.evaluate('headwaterTab.persisted()')
          await tab.close()
        }
        const again = await open()
        expect(await idsOf(again)).toHaveLength(before + 100)
        await again.close()
      },
    )
  })
}
