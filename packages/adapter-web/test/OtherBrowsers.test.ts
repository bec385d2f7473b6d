/**
 * What holds in every browser, run in the one that is named: `HEADWATER_FIREFOX=/usr/bin/firefox`, or
 * `HEADWATER_WEBDRIVER=http://127.0.0.1:4444` for Safari, WebKitGTK and others. What only Chromium's own protocol can do
 * (crashes, quotas, processes that are stopped) is in the other files.
 */
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { servePages } from './browser/PageServer.ts'
import { suiteOfPage } from './browser/SuiteInBrowser.ts'
import { openOtherBrowser } from './others/OtherBrowser.ts'
import type { RemoteBrowser, RemotePage } from './others/RemoteBrowser.ts'
import { serveTabs } from './others/RemoteTabs.ts'

const browser = await openOtherBrowser()

/** On a machine however busy. */
const longTest = { timeout: 120_000 }

/** A page is there before its script has run. */
const untilLoaded = `(async () => {
  while (!('headwaterTab' in globalThis)) await new Promise((resolve) => setTimeout(resolve, 10))
  return null
})()`

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
  const blank = await other.open(`${server.url}/MemoryDriver`)
  // WebKitGTK has none: its stores are in memory.
  const hasFiles = await blank.evaluate(`typeof navigator.storage?.getDirectory === 'function'`)
  await blank.close()
  const needFiles = ['OpfsDriver', 'StoreFolders', 'Healing', 'Conformance', 'Conformance?relay']
  for (const entry of ['MemoryDriver', ...(hasFiles === true ? needFiles : [])]) {
    const page = await other.open(`${server.url}/${entry}`)
    void serveTabs(other, page, server.url)
    await suiteOfPage(`${other.name}, ${entry}`, page)
  }
  describe.each(['auto', 'relay'])(`${other.name}, tabs, transport %s`, (transport) => {
    const opened: Array<RemotePage> = []
    afterEach(async () => {
      for (const page of opened.splice(0)) await page.close().catch(() => undefined)
    })
    const open = async (): Promise<RemotePage> => {
      const page = await other.open(`${server.url}/Tab`)
      opened.push(page)
      await page.evaluate(untilLoaded)
      await page.evaluate(`headwaterTab.open({ transport: '${transport}' })`)
      return page
    }
    const idsOf = async (page: RemotePage) => (await page.evaluate('headwaterTab.ids()')) as ReadonlyArray<string>
    const commit = (page: RemotePage, prefix: string) =>
      page.evaluate(`headwaterTab.commit('${transport} ${prefix}', 20) ?? null`)
    const untilNotes = (page: RemotePage, count: number) =>
      page.evaluate(`headwaterTab.until(${count}, 0, 20_000).then(() => null)`)

    test('three tabs that commit are equal; the one that leads is closed, the others go on', longTest, async () => {
      const tabs = [await open(), await open(), await open()]
      const before = (await idsOf(tabs[0]!)).length
      await Promise.all(tabs.map((tab, i) => commit(tab, `before ${i}`)))
      for (const tab of tabs) await untilNotes(tab, before + 60)
      const leads = await Promise.all(tabs.map((tab) => tab.evaluate('headwaterTab.leads()')))
      expect(leads.filter(Boolean)).toHaveLength(1)
      const leader = tabs[leads.indexOf(true)]!
      const left = tabs.filter((tab) => tab !== leader)
      await leader.close()
      await Promise.all(left.map((tab, i) => commit(tab, `after ${i}`)))
      // In memory the log goes with its leader.
      const kept = (hasFiles === true ? before + 60 : 0) + 40
      for (const tab of left) await untilNotes(tab, kept)
      expect(await idsOf(left[0]!)).toEqual(await idsOf(left[1]!))
      if (hasFiles !== true) return
      for (const tab of left) {
        await tab.evaluate('headwaterTab.persisted()')
        await tab.close()
      }
      expect(await idsOf(await open())).toHaveLength(kept)
    })
  })
}
