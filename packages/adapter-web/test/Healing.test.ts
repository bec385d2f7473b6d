import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { HealingMethods } from './browser/pages/Healing.ts'
import { openWorld, suiteInBrowser } from './browser/SuiteInBrowser.ts'

const world = await openWorld(['Healing'])
const { chromium, server } = world

await suiteInBrowser('files that are damaged or gone', world, 'Healing')

/** Calls a method of the page. */
const call = async <M extends keyof HealingMethods>(
  page: Page,
  method: M,
  ...args: Parameters<HealingMethods[M]>
): Promise<Awaited<ReturnType<HealingMethods[M]>>> => {
  await page.waitForFunction(() => 'headwaterHealing' in globalThis)
  return (await page.evaluate(
    ([name, given]) =>
      (globalThis as unknown as { headwaterHealing: Record<string, (...all: Array<unknown>) => unknown> })
        .headwaterHealing[name]!(...given),
    [method, args] as const,
  )) as Awaited<ReturnType<HealingMethods[M]>>
}

const openPage = async (): Promise<Page> => {
  const page = await chromium.context.newPage()
  await page.goto(`${server.url}/Healing`)
  return page
}

describe('the quota, and what the browser may delete', () => {
  test('a full quota shows in the status, nothing that was committed is lost, and it goes on when there is room', async () => {
    const page = await openPage()
    const cdp = await chromium.context.newCDPSession(page)
    await call(page, 'open')
    const { usage } = await page.evaluate(() => navigator.storage.estimate())
    const quota = (usage ?? 0) + 400_000
    await cdp.send('Storage.overrideQuotaForOrigin', { origin: server.url, quotaSize: quota })
    await call(page, 'commit', 500)
    const error = await call(page, 'untilError')
    expect(error?.tag).toBe('SqliteError')
    expect(error?.message).toMatch(/SQLITE_FULL/)
    await cdp.send('Storage.overrideQuotaForOrigin', { origin: server.url })
    const { added, notes } = await call(page, 'untilPersisted')
    expect(notes).toBe(added)
    await call(page, 'close')
    await page.reload()
    await call(page, 'open')
    expect((await call(page, 'untilPersisted')).notes).toBe(500)
    await call(page, 'close')
    await page.close()
    console.log(`PROOF quota_bytes=${quota} committed=${added} kept=${notes}`)
  })

  test('a store that there is no room to make is a typed error, and can be made later', async () => {
    const page = await openPage()
    const cdp = await chromium.context.newCDPSession(page)
    await cdp.send('Storage.overrideQuotaForOrigin', { origin: server.url, quotaSize: 1000 })
    expect(await call(page, 'failureOfNew')).toBe('SqliteError')
    await cdp.send('Storage.overrideQuotaForOrigin', { origin: server.url })
    expect(await call(page, 'failureOfNew')).toBe('nothing failed')
    await page.close()
  })

  test('the status warns of files that may be evicted, until the browser keeps them', async () => {
    const page = await openPage()
    await call(page, 'open')
    expect(await call(page, 'untilWarned', 'StorageEvictable', true)).toBe('StorageEvictable')
    await call(page, 'close')
    await page.close()
  })

  test('persistence is asked for: where the browser grants it there is no warning', async () => {
    const cdp = await chromium.browser.newBrowserCDPSession()
    await cdp.send('Browser.grantPermissions', { origin: server.url, permissions: ['durableStorage'] })
    const page = await openPage()
    await call(page, 'open')
    expect(await call(page, 'untilWarned', 'StorageEvictable', false)).toBe('')
    expect(await page.evaluate(() => navigator.storage.persisted())).toBe(true)
    await call(page, 'close')
    await page.close()
  })
})

test('without OPFS two tabs share a leader in memory, and the one that is left goes on with the next', async () => {
  const [first, second] = [await openPage(), await openPage()]
  const { kind, term } = await call(first, 'openInMemory')
  expect(kind).toBe('memory')
  expect(await call(second, 'openInMemory')).toEqual({ kind, term })
  await call(first, 'commitAs', 'first', 5)
  await call(first, 'untilPersisted')
  await first.close()
  const next = await call(second, 'untilTermAbove', term)
  expect(next.kind).toBe('memory')
  await call(second, 'close')
  await second.close()
})
