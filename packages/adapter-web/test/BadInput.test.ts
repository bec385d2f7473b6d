/** What a page that lacks something is told, and what it can do about it. */
import { afterEach, expect, test } from 'vitest'
import type { Page, Route } from 'playwright-core'
import { openWorld } from './browser/SuiteInBrowser.ts'
import { Tab } from './browser/Tab.ts'

const world = await openWorld(['Tab'])

const pages: Array<Page> = []
afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.close()))
})

/** A tab whose page was changed before it loads. */
const tabWith = async (prepare: (page: Page) => Promise<void>): Promise<Tab> => {
  const tab = await Tab.blank(world)
  pages.push(tab.page)
  await prepare(tab.page)
  await tab.page.reload()
  return tab
}

const route = (pattern: RegExp, answer: (route: Route) => Promise<void>) => (page: Page) =>
  page.route(pattern, answer).then(() => undefined)

test('no Web Locks: the store does not open, and the page is told that its browser is too old', async () => {
  const tab = await tabWith(async (page) => {
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined }))
  })
  await expect(tab.call('open')).rejects.toThrow(/LocksUnavailable|has no Web Locks: use a current one/)
})

test("the leader's script is missing: a typed error that names it, also at the next try; with it the store opens", async () => {
  const tab = await tabWith(route(/ObedientWorker/, (request) => request.fulfill({ status: 404 })))
  for (let attempt = 0; attempt < 2; attempt++)
    await expect(tab.call('open')).rejects.toThrow(/could not be started: its script could not be loaded/)
  await tab.page.unroute(/ObedientWorker/)
  await tab.call('open')
  expect((await tab.call('report')).connection).toBe('connected')
  await tab.call('close')
})

test('the WebAssembly of SQLite is missing: a typed error that says what to look at', async () => {
  const tab = await tabWith(route(/\.wasm/, (request) => request.fulfill({ status: 404 })))
  await expect(tab.call('open')).rejects.toThrow(/SQLite could not be loaded/)
})

test('a server that knows no MIME type of WebAssembly costs time, not the store', async () => {
  const tab = await tabWith(
    route(/\.wasm/, async (request) => {
      const response = await request.fetch()
      await request.fulfill({ response, headers: { ...response.headers(), 'content-type': 'text/plain' } })
    }),
  )
  await tab.call('open')
  await tab.call('close')
})

test("the broker's script is missing: tabs go over the relay", async () => {
  const missing = route(/BrokerWorker/, (request) => request.fulfill({ status: 404 }))
  const [first, second] = [await tabWith(missing), await tabWith(missing)]
  await first.call('open')
  await second.call('open')
  const before = (await second.call('ids')).length
  await second.call('commit', crypto.randomUUID(), 3)
  await first.call('until', before + 3, 0, 20_000)
})
