/**
 * What happens to a leader's tab, and how long the other tabs are without a leader: from the blow until every other tab
 * has a leader of a higher term which has everything that the tab has committed, also what it committed meanwhile.
 */
import type { BrowserWorld } from './SuiteInBrowser.ts'
import { Tab, type TabOptions } from './Tab.ts'

export const blows = ['close', 'crash', 'navigation', 'stop', 'endless loop'] as const
export type Blow = (typeof blows)[number]

/** The bound of each. **Units** ms. */
export const boundMs: Readonly<Record<Blow, number>> = {
  close: 500,
  crash: 500,
  navigation: 500,
  stop: 5000,
  'endless loop': 5000,
}

export interface RecoveryRun {
  /** Of the slowest tab. **Units** ms. */
  readonly ms: number
  /** Commits that had been persisted, or were made meanwhile by tabs that live on, and are not there. */
  readonly lost: number
  /** Tabs that have not recovered within {@link patienceMs}, the one that was hit included where it comes back. */
  readonly stuck: number
}

/** **Units** ms. */
const patienceMs = 20_000

const perTab = 20

export interface RecoveryOptions extends TabOptions {
  readonly tabs?: number
}

/** One run with fresh tabs, which it closes. The store is what earlier runs have left. */
export const recoverFrom = async (
  world: BrowserWorld,
  blow: Blow,
  { tabs: count = 3, ...options }: RecoveryOptions = {},
): Promise<RecoveryRun> => {
  const run = crypto.randomUUID().slice(0, 8)
  const tabs: Array<Tab> = []
  for (let n = 0; n < count; n++) tabs.push(await Tab.open(world, options))
  try {
    return await strike(world, blow, run, tabs)
  } finally {
    for (const pid of stopped.splice(0)) process.kill(pid, 'SIGCONT')
    await Promise.all(tabs.map((tab) => tab.close().catch(() => undefined)))
  }
}

/** Processes that are stopped: whatever happens, they go on. */
const stopped: Array<number> = []

const strike = async (world: BrowserWorld, blow: Blow, run: string, tabs: ReadonlyArray<Tab>): Promise<RecoveryRun> => {
  const leader = await leaderOf(tabs)
  const others = tabs.filter((tab) => tab !== leader)
  const pid = blow === 'stop' ? await leader.pid() : 0
  const before = new Set(await leader.call('ids'))
  for (const [i, tab] of tabs.entries()) await tab.call('commit', `${run} before ${i}`, perTab)
  await Promise.all(tabs.map((tab) => tab.call('persisted')))
  const { term } = await others[0]!.call('report')
  const expected = before.size + perTab * (tabs.length + others.length)
  const recovered = others.map((tab) => tab.call('until', expected, term + 1, patienceMs).catch(() => null))

  const crash = blow === 'crash' ? await leader.prepareCrash() : nothing
  const struckAt = Date.now()
  const hitting = hit(world, { blow, leader, pid, crash })
  await Promise.all(others.map((tab, i) => tab.call('commit', `${run} meanwhile ${i}`, perTab)))
  const times = await Promise.all(recovered)

  const back = await (await hitting)()
  const alive = back === null ? others : [...others, back]
  const settled = await Promise.all(
    alive.map((tab) => tab.call('until', expected, term + 1, patienceMs).catch(() => null)),
  )
  const logs = await Promise.all(alive.map((tab) => tab.call('ids')))
  return {
    ms: Math.max(...times.map((at) => (at === null ? patienceMs : at - struckAt))),
    lost: Math.max(...logs.map((ids) => expected - new Set(ids).size)),
    stuck: times.filter((at) => at === null).length + settled.filter((at) => at === null).length,
  }
}

const leaderOf = async (tabs: ReadonlyArray<Tab>): Promise<Tab> => {
  for (const tab of tabs) if (await tab.call('leads')) return tab
  throw new Error('none of the tabs leads')
}

interface Hit {
  readonly blow: Blow
  readonly leader: Tab
  readonly pid: number
  readonly crash: () => Promise<void>
}

const nothing = (): Promise<void> => Promise.resolve()

/** Answers how the tab comes back, or `null` where it does not. */
const hit = async ({ server }: BrowserWorld, { blow, leader, pid, crash }: Hit): Promise<() => Promise<Tab | null>> => {
  switch (blow) {
    case 'close':
      await leader.close()
      return () => Promise.resolve(null)
    case 'crash':
      await crash()
      return () => Promise.resolve(null)
    case 'navigation':
      await leader.page.goto(`${server.url}/Elsewhere`, { waitUntil: 'commit' })
      return async () => {
        // From the back/forward cache with its store, or loaded anew: either will do.
        await leader.page.goBack()
        const hasStore = await leader.call('report').catch(() => null)
        if (hasStore === null) await leader.call('open')
        return leader
      }
    case 'stop':
      stopped.push(pid)
      process.kill(pid, 'SIGSTOP')
      return () => {
        process.kill(pid, 'SIGCONT')
        return Promise.resolve(leader)
      }
    case 'endless loop':
      await leader.call('hangLeader')
      return () => Promise.resolve(leader)
  }
}
