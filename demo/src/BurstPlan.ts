/** When a client commits how much, and whether it has a network then: drawn from a seed, so that a run can be repeated. */
import { makeRandom } from './Random.ts'

export interface Burst {
  /** Sizes of the `store.commit` calls of this burst, in git commits. */
  readonly groups: ReadonlyArray<number>
  readonly isOnline: boolean
  /** Before the next burst: until the leader has it on disk, or until the server has confirmed it. */
  readonly waitsFor: 'persisted' | 'confirmed'
}

/**
 * Bursts of all clients together: enough of them that two clients meet often, few enough that sixteen, each of which
 * applies what all the others push, are done in time.
 */
const burstsWanted = 160
/** Of one client, at least and at most. */
const burstsRange = [8, 80] as const
/** In a row offline, at most. */
const offlineBurstsMax = 5

export const planBursts = (commits: number, clients: number, seed: number): ReadonlyArray<Burst> => {
  const random = makeRandom(seed)
  const wanted = Math.min(Math.max(burstsWanted / clients, burstsRange[0]), burstsRange[1])
  const mean = Math.max(1, commits / wanted)
  const bursts: Array<Burst> = []
  let offlineLeft = 0
  for (let left = commits; left > 0;) {
    if (offlineLeft === 0 && bursts.length > 0 && random.chance(0.18)) offlineLeft = 1 + random.int(offlineBurstsMax)
    const isOnline = offlineLeft === 0
    if (!isOnline) offlineLeft--
    const size = Math.min(left, Math.max(1, Math.round(mean * (0.2 + 1.6 * random.next()))))
    const groups: Array<number> = []
    for (let rest = size; rest > 0; rest -= groups.at(-1) ?? rest) groups.push(Math.min(rest, 1 + random.int(6)))
    bursts.push({ groups, isOnline, waitsFor: isOnline && random.chance(0.5) ? 'confirmed' : 'persisted' })
    left -= size
  }
  return bursts
}
