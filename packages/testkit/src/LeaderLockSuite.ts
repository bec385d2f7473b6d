import { equal, fail } from './Assert.ts'
import { eventually } from './adapter/AdapterUnderTest.ts'
import { unusualStoreIds } from './adapter/SharingCases.ts'
import type { SuiteTest } from './SyncBackendSuite.ts'
import type { LockPlace, LockTaker } from './adapter/RemoteLock.ts'

/**
 * The lock by which a store has one leader, as an adapter's test shows it to the suite. No port of core's: an adapter
 * takes its lock wherever it starts leaders.
 */
export interface LeaderLockUnderTest {
  /** Takes locks from this thread. */
  readonly here: LockTaker
  /** Takes them from another thread, process or tab, which can be killed. Without it those cases are left out. */
  readonly elsewhere?: () => Promise<LockPlace>
  /** Until a lock whose holder was killed can be taken. **Units** ms. */
  readonly freeWithinMs: number
  readonly close: () => Promise<void>
}

export interface LeaderLockSuiteOptions {
  readonly test: SuiteTest
  /** Locks of a fresh place that nobody holds. */
  readonly makeLock: () => Promise<LeaderLockUnderTest>
  /** Whether `elsewhere` is there. */
  readonly hasElsewhere: boolean
}

/**
 * Registers the cases that the lock of an adapter must pass.
 *
 * **Example** (Web Locks)
 * ```ts
 * leaderLockSuite({
 *   test,
 *   hasElsewhere: false,
 *   makeLock: async () => ({ here: webLockTaker(crypto.randomUUID()), freeWithinMs: 2000, close: async () => {} }),
 * })
 * ```
 *
 * **Source**  spec section 7, "two leaders for one store".
 *
 * @category testing
 */
export const leaderLockSuite = ({ test, makeLock, hasElsewhere }: LeaderLockSuiteOptions): void => {
  for (const each of lockCases) {
    const body = () => runCase(each, makeLock)
    if (!each.needsElsewhere || hasElsewhere) test(each.name, body)
    else test.skip?.(`${each.name} (needs elsewhere)`, body)
  }
}

const runCase = async (each: LockCase, makeLock: LeaderLockSuiteOptions['makeLock']): Promise<void> => {
  const lock = await makeLock()
  const places: Array<LockPlace> = []
  const elsewhere = async (): Promise<LockPlace> => {
    const place = await (lock.elsewhere ?? fail('hasElsewhere is set, but elsewhere is missing'))()
    places.push(place)
    return place
  }
  try {
    await each.run(lock, elsewhere)
  } finally {
    for (const place of places) await place.kill()
    await lock.close()
  }
}

interface LockCase {
  readonly name: string
  readonly needsElsewhere: boolean
  readonly run: (lock: LeaderLockUnderTest, elsewhere: () => Promise<LockPlace>) => Promise<void>
}

/** Takes it, or fails. */
const take = async (taker: LockTaker, storeId = 'demo'): Promise<() => Promise<void>> =>
  (await taker.tryTake(storeId)) ?? fail(`${taker.name} was refused the lock of "${storeId}", which is free`)

const expectRefused = async (taker: LockTaker, what: string): Promise<void> => {
  if ((await taker.tryTake('demo')) !== null) fail(`${taker.name} was given the lock ${what}`)
}

const takenWithin = async (taker: LockTaker, { freeWithinMs }: LeaderLockUnderTest): Promise<() => Promise<void>> => {
  let release: (() => Promise<void>) | null = null
  await eventually(async () => (release = await taker.tryTake('demo')) !== null, freeWithinMs, 'the lock is free')
  return release!
}

const lockCases: ReadonlyArray<LockCase> = [
  {
    name: 'a lock that is free is given, refused while it is held, given again after its release; the holder is named',
    needsElsewhere: false,
    run: async ({ here }) => {
      equal(await here.holder('demo'), null, 'holder of a lock that was never taken')
      for (let round = 0; round < 5; round++) {
        const release = await take(here)
        equal(await here.holder('demo'), here.name, 'holder')
        for (let again = 0; again < 3; again++) await expectRefused(here, 'that it holds already')
        equal(await here.holder('demo'), here.name, 'holder after the others were refused')
        await release()
        equal(await here.holder('demo'), null, 'holder of a lock that was released')
      }
    },
  },
  {
    name: 'of many who ask in one thread at the same time exactly one gets it',
    needsElsewhere: false,
    run: async ({ here }) => {
      for (let round = 0; round < 10; round++) {
        const answers = await Promise.all(Array.from({ length: 6 }, () => here.tryTake('demo')))
        const given = answers.filter((release) => release !== null)
        equal(given.length, 1, `holders in round ${round}`)
        await given[0]!()
      }
    },
  },
  {
    name: 'locks of different stores are different locks, also where ids differ in case only',
    needsElsewhere: false,
    run: async ({ here }) => {
      const releases = new Map<string, () => Promise<void>>()
      for (const storeId of unusualStoreIds) releases.set(storeId, await take(here, storeId))
      for (const [storeId, release] of releases) {
        equal(await here.holder(storeId), here.name, `holder of "${storeId}"`)
        await release()
        equal(await here.holder(storeId), null, `holder of "${storeId}", released`)
      }
    },
  },
  {
    name: 'whoever is elsewhere is refused, told who holds it, and gets it after the release',
    needsElsewhere: true,
    run: async (lock, elsewhere) => {
      const { here } = lock
      const other = await elsewhere()
      const release = await take(here)
      await expectRefused(other, `that ${here.name} holds`)
      equal(await other.holder('demo'), here.name, 'holder, asked elsewhere')
      await release()
      const releaseOther = await take(other)
      await expectRefused(here, `that ${other.name} holds`)
      equal(await here.holder('demo'), other.name, 'holder, asked here')
      await (
        await take(here, 'another')
      )()
      await releaseOther()
      await (
        await take(here)
      )()
    },
  },
  {
    name: 'of several who race from different places exactly one gets it, every time',
    needsElsewhere: true,
    run: async ({ here }, elsewhere) => {
      const takers: Array<LockTaker> = [here, ...(await Promise.all([elsewhere(), elsewhere(), elsewhere()]))]
      for (let round = 0; round < 25; round++) {
        const answers = await Promise.all(takers.map((taker) => taker.tryTake('demo')))
        const winners = takers.filter((_, i) => answers[i] !== null)
        equal(winners.length, 1, `holders in round ${round}`)
        equal(await here.holder('demo'), winners[0]!.name, `holder in round ${round}`)
        await answers.find((release) => release !== null)!()
      }
    },
  },
  {
    name: 'a holder that is killed leaves no lock behind, however often',
    needsElsewhere: true,
    run: async (lock, elsewhere) => {
      for (let round = 0; round < 3; round++) {
        const other = await elsewhere()
        await take(other)
        await expectRefused(lock.here, `that ${other.name} holds`)
        await other.kill()
        const release = await takenWithin(lock.here, lock)
        equal(await lock.here.holder('demo'), lock.here.name, 'holder')
        await release()
      }
    },
  },
  {
    name: 'looking who holds it takes nothing away from anybody',
    needsElsewhere: true,
    run: async ({ here }, elsewhere) => {
      const other = await elsewhere()
      for (let round = 0; round < 20; round++) {
        const [release] = await Promise.all([
          other.tryTake('demo'),
          ...Array.from({ length: 5 }, () => here.holder('demo')),
        ])
        if (release === null) fail('a lock that is free was refused because somebody looked at it')
        else await release()
      }
    },
  },
]
