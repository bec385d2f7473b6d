/** Many tabs of one browser with one store: real tabs, in processes of their own. */
import { afterEach, describe, expect, test } from 'vitest'
import { blows, recoverFrom } from './browser/Recovery.ts'
import { openWorld } from './browser/SuiteInBrowser.ts'
import { Tab, type TabOptions } from './browser/Tab.ts'

const world = await openWorld(['Tab', 'Elsewhere'])

const open: Array<Tab> = []
const openTab = async (options: TabOptions = {}): Promise<Tab> => {
  const tab = await Tab.open(world, options)
  open.push(tab)
  return tab
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((tab) => tab.close().catch(() => undefined)))
})

/** Bounds what never comes; recovery itself is measured by `pnpm test:browser --recovery 20`. */
const patienceMs = 30_000

const expectEqual = async (tabs: ReadonlyArray<Tab>, count: number): Promise<void> => {
  await Promise.all(tabs.map((tab) => tab.call('until', count, 0, patienceMs)))
  const logs = await Promise.all(tabs.map((tab) => tab.call('ids')))
  for (const ids of logs) expect(ids).toEqual(logs[0])
  expect(new Set(logs[0]).size).toBe(count)
}

const ways = { 'over ports': {}, 'without SharedWorker': { withoutSharedWorker: true } } as const

describe.each(Object.entries(ways))('tabs %s', (way, options) => {
  test('five tabs that commit at the same time are equal at the end', { timeout: 120_000 }, async () => {
    const tabs = await Promise.all(Array.from({ length: 5 }, () => openTab(options)))
    expect(await tabs[0]!.call('hasSharedWorker')).toBe(way === 'over ports')
    const before = (await tabs[0]!.call('ids')).length
    await Promise.all(
      tabs.map(async (tab, i) => {
        for (let round = 0; round < 5; round++) await tab.call('commit', `${way} ${i} ${round}`, 20)
      }),
    )
    await expectEqual(tabs, before + 500)
    const leading = await Promise.all(tabs.map((tab) => tab.call('leads')))
    expect(leading.filter(Boolean).length).toBe(1)
    const relays = await Promise.all(tabs.map((tab) => tab.call('relays')))
    // The leader's own tab needs none.
    if (way === 'without SharedWorker') expect(relays.filter((count) => count > 0).length).toBe(4)
    const reports = await Promise.all(tabs.map((tab) => tab.call('report')))
    expect(new Set(reports.map(({ sessionId }) => sessionId)).size).toBe(5)
    expect(new Set(reports.map(({ clientId }) => clientId)).size).toBe(1)
    console.log(`PROOF tabs=5 way=${way.replaceAll(' ', '-')} commits=500 equal=5`)
  })

  test.each(blows)("the leader's tab: %s", { timeout: 120_000 }, async (blow) => {
    const { lost, stuck } = await recoverFrom(world, blow, options)
    expect({ lost, stuck }).toEqual({ lost: 0, stuck: 0 })
  })
})

test('fifty rapid reloads of one tab, beside one that commits', { timeout: 180_000 }, async () => {
  const [stays, reloads] = [await openTab(), await openTab()]
  const before = (await stays.call('ids')).length
  for (let n = 0; n < 50; n++) {
    await reloads.reloadSoon()
    // Some get as far as having a store, some do not; none is waited for.
    if (n % 5 === 4) void reloads.page.evaluate('headwaterTab.open()').catch(() => undefined)
    await stays.call('commit', `reload ${n}`, 2)
  }
  await reloads.page.reload()
  await reloads.call('open')
  await expectEqual([stays, reloads], before + 100)
  console.log('PROOF reloads=50 commits=100 equal=2')
})

test(
  'fifty rapid reloads of the tab that leads alone lose nothing that was persisted',
  { timeout: 180_000 },
  async () => {
    const tab = await openTab()
    let expected = (await tab.call('ids')).length
    for (let n = 0; n < 50; n++) {
      if (n % 10 === 0) {
        await tab.call('commit', `alone ${n}`, 5)
        await tab.call('persisted')
        expected += 5
      }
      await tab.reloadSoon()
      if (n % 10 === 9) {
        await tab.call('open')
        expect((await tab.call('ids')).length).toBe(expected)
      }
    }
  },
)

/** What the browser would say, to a page that goes on all the same: Chromium has no switch for it in this build. */
const lifeEvents = {
  'put into the back/forward cache and shown again': ['pagehide', 'pageshow'],
  'frozen and resumed': ['freeze', 'resume'],
} as const

test.each(Object.entries(lifeEvents))(
  'the leader is %s: it lets go at once, and comes back as anybody',
  async (_, [away, back]) => {
    const [leads, other] = [await openTab(), await openTab()]
    expect(await leads.call('leads')).toBe(true)
    const before = (await leads.call('ids')).length
    await leads.call('commit', `${away} before`, 5)
    await leads.call('persisted')
    const { term } = await other.call('report')
    await leads.call('life', away)
    await other.call('until', before + 5, term + 1, patienceMs)
    expect(await other.call('leads')).toBe(true)
    await leads.call('commit', `${away} meanwhile`, 5)
    await other.call('commit', `${away} other`, 5)
    await leads.call('life', back)
    await expectEqual([leads, other], before + 15)
    expect(await other.call('leads')).toBe(true)
  },
)

test('a tab goes to another page and back: from the back/forward cache or loaded anew, it works', async () => {
  const [leads, other] = [await openTab(), await openTab()]
  const before = (await other.call('ids')).length
  await leads.page.goto(`${world.server.url}/Elsewhere`)
  await other.call('commit', 'while away', 5)
  await leads.page.goBack()
  const isCached = (await leads.call('report').catch(() => null)) !== null
  if (!isCached) await leads.call('open')
  await leads.call('commit', 'back again', 5)
  await expectEqual([leads, other], before + 10)
  console.log(`PROOF backForwardCache=${isCached ? 'used' : 'refused'} equal=2`)
})

test('webAdapter() without a word: worker, broker and WebAssembly are found, under a strict policy', async () => {
  const tabs = [await Tab.blank(world), await Tab.blank(world)]
  open.push(...tabs)
  for (const tab of tabs) await tab.call('openPlain')
  const [first, second] = tabs
  await first!.call('commit', 'plain', 3)
  await second!.call('until', 3, 0, patienceMs)
  expect(await second!.call('relays')).toBe(0)
  await Promise.all(tabs.map((tab) => tab.call('close')))
})

test('tabs that find a leader where there is a SharedWorker get a port to it, also from the next one', async () => {
  const [first, second, third] = [await openTab(), await openTab(), await openTab()]
  const { term } = await third.call('report')
  await first.close()
  await Promise.all([second, third].map((tab) => tab.call('until', 0, term + 1, patienceMs)))
  expect(await Promise.all([second, third].map((tab) => tab.call('relays')))).toEqual([0, 0])
})

test('what a tab commits the moment it is hidden, on its way to another page, reaches the leader', async () => {
  const [leads, leaves] = [await openTab(), await openTab()]
  const before = (await leads.call('ids')).length
  await leaves.call('commitWhenHidden', 'last words')
  await leaves.page.goto(`${world.server.url}/Elsewhere`, { waitUntil: 'commit' })
  await leads.call('until', before + 3, 0, patienceMs)
})

test('a step that takes longer than a session waits for a leader gets done, by one that it has more patience with', async () => {
  // Three beats of 800 ms are 2.4 s.
  const tabs = [await openTab({ slowMs: 2500 }), await openTab({ slowMs: 2500 })]
  const before = (await tabs[0]!.call('ids')).length
  await tabs[0]!.call('commit', 'slow', 5)
  await tabs[0]!.call('persisted')
  await expectEqual(tabs, before + 5)
}, 90_000)

test('a newer tab takes the lead from an older one, which asks for a reload and keeps what it has', async () => {
  const older = await openTab({ protocol: 1 })
  await older.call('commit', 'older', 3)
  await older.call('persisted')
  const newer = await openTab({ protocol: 2 })
  expect(await newer.call('leads')).toBe(true)
  expect(await newer.call('ids')).toEqual(expect.arrayContaining(['older 0', 'older 1', 'older 2']))
  await older.call('commit', 'behind', 1)
  expect(await older.call('ids')).toContain('behind 0')
  const another = await Tab.blank(world)
  open.push(another)
  await expect(another.call('open', { protocol: 1 })).rejects.toThrow(/reload this page/)
})
