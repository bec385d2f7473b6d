/**
 * The merge against its oracle, and many of them together until they agree.
 *
 * Method: 10,000 random inputs in all by default, shared out below; HEADWATER_PROPERTY_RUNS sets the total,
 * HEADWATER_PROPERTY_SEED repeats a run. A failure prints fast-check's seed, path and the shrunk input. The printed
 * numbers are counted while the properties run.
 */
import fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { NumberedEvent } from '../../src/event/EventEnvelope.ts'
import { type EventSequenceNumber, format } from '../../src/event/EventSequenceNumber.ts'
import { localPush } from '../../src/sync/LocalPush.ts'
import { merge } from '../../src/sync/Merge.ts'
import type { MergeResult } from '../../src/sync/MergeResult.ts'
import { checkLog, isRedelivery, isSameLog, localEventsAreKept, rollbackIsUnsettled } from '../../src/sync/SyncLaws.ts'
import { type SyncState, type UpstreamScope, make } from '../../src/sync/SyncState.ts'
import { upstreamAdvance } from '../../src/sync/UpstreamAdvance.ts'
import { upstreamRebase } from '../../src/sync/UpstreamRebase.ts'
import { upstreamReject } from '../../src/sync/UpstreamReject.ts'
import { type Expected, advanceOracle, pushOracle, rebaseOracle, rejectOracle, told } from './MergeOracle.ts'
import {
  advanceScenario,
  pushScenario,
  rebaseScenario,
  rejectScenario,
  toEntry,
  unseenCollisionScenario,
} from './Scenario.ts'
import { type Step, World, stepNames } from './World.ts'

const totalRuns = Number(process.env['HEADWATER_PROPERTY_RUNS'] ?? 10_000)
const seed = Number(process.env['HEADWATER_PROPERTY_SEED'] ?? Date.now() % 2 ** 31)

/** 10,000 runs take 3 s here; ten times that per test, growing with the runs, for slower machines. */
vi.setConfig({ testTimeout: Math.max(30_000, totalRuns * 3) })

/** Shares of the total; they sum up to 1. */
const shares = { advance: 0.35, pages: 0.2, rebase: 0.15, reject: 0.15, push: 0.05, redelivery: 0.05, world: 0.05 }
const counted: Record<string, number> = {}
const count = (name: string, by = 1): void => {
  counted[name] = (counted[name] ?? 0) + by
}

const holds = <T>(name: keyof typeof shares, arbitrary: fc.Arbitrary<T>, check: (input: T) => void): void => {
  const property = fc.property(arbitrary, (input) => {
    count(`merge_${name}_runs`)
    check(input)
  })
  fc.assert(property, { numRuns: Math.round(totalRuns * shares[name]), seed })
}

const entries = (rows: ReadonlyArray<NumberedEvent>) => rows.map(({ event }) => toEntry(event))
const texts = (rows: Iterable<NumberedEvent>): Array<string> => [...rows].map(told)
const place = ({ global, client }: EventSequenceNumber): string => `${global}.${client}`

/** The real result in the oracle's words. `before` is the log behind the oracle's head. */
const inOracleWords = (before: ReadonlyArray<NumberedEvent>, result: MergeResult): Expected => {
  if (result._tag === 'reject') throw new Error(`rejected: ${format(result.expectedMinimum)}`)
  const rollback = result._tag === 'rebase' ? result.rollbackEvents : []
  return {
    kind: result._tag,
    log: texts([...before.slice(0, before.length - rollback.length), ...result.newEvents]),
    rollback: texts(rollback),
    newEvents: texts(result.newEvents),
    confirmed: texts(result.confirmedEvents),
    dropped: result._tag === 'rebase' ? texts(result.droppedEvents) : [],
    pending: texts(result.state.pending),
    upstreamHead: place(result.state.upstreamHead),
    localHead: place(result.state.localHead),
  }
}

/** Everything a driver does with a result, on a log in memory; all laws are checked. */
const install = (log: ReadonlyArray<NumberedEvent>, base: EventSequenceNumber, result: MergeResult) => {
  if (result._tag === 'reject') throw new Error('rejected')
  const rollback = result._tag === 'rebase' ? result.rollbackEvents : []
  const rows = [...log.slice(0, log.length - rollback.length), ...result.newEvents]
  checkLog({ state: result.state, log: rows, base })
  return { rows, state: result.state }
}

/** Only renumbered local events get a new generation: one more than any among those that met. */
const expectGenerations = (result: MergeResult, incoming: ReadonlyArray<NumberedEvent>): void => {
  if (result._tag !== 'rebase') return
  const seen = [...result.rollbackEvents, ...incoming].map(({ seq }) => seq.rebaseGeneration)
  const generation = Math.max(0, ...seen) + 1
  for (const { seq, event } of result.newEvents) {
    const arrived = incoming.find((other) => other.event.id === event.id)
    const before = result.rollbackEvents.find((other) => other.event.id === event.id)
    const stays = arrived ?? (before !== undefined && place(before.seq) === place(seq) ? before : undefined)
    expect(seq.rebaseGeneration).toBe(stays === undefined ? generation : stays.seq.rebaseGeneration)
  }
}

afterAll(() => {
  const runs = Object.entries(counted).filter(([name]) => name.endsWith('_runs'))
  const total = runs.reduce((sum, [, number]) => sum + number, 0)
  const lines = [...Object.entries(counted), ['merge_property_runs', total], ['merge_property_seed', seed]]
  // The reporter colours the start of a block: a line break first keeps every PROOF at the start of its line.
  console.log(`\n${lines.map(([name, number]) => `PROOF ${name}=${number}`).join('\n')}`)
})

describe('the merge equals its oracle', () => {
  for (const [what, scenario] of [
    ['overlap of any kind, collisions', advanceScenario],
    ['collisions with events that upstream cannot know', unseenCollisionScenario],
  ] as const) {
    it(`upstream-advance, client-only events everywhere, ${what}`, () => {
      holds('advance', scenario, ({ scope, head, local, incoming }) => {
        const state = make({ upstreamHead: head, pending: local })
        const result = upstreamAdvance(state, incoming, scope)
        const before = { upstreamHead: head, pending: local }
        expect(inOracleWords(local, result)).toEqual(advanceOracle(head, entries(local), entries(incoming), scope))
        expect(result.state).toEqual(make(result.state))
        expect(state).toEqual(make(before))
        expectGenerations(result, incoming)
        count(`merge_advance_${result._tag}`)
      })
    })
  }

  it('upstream-rebase in sessions, refusals included', () => {
    holds('rebase', rebaseScenario, ({ base, confirmed, pending, incoming, refused }) => {
      const state = make({ upstreamHead: confirmed.at(-1)?.seq ?? base, pending })
      const have = [...confirmed, ...pending]
      const result = upstreamRebase(state, { base, events: incoming, have, refused })
      const expected = rebaseOracle(base, entries(confirmed), entries(pending), entries(incoming), refused)
      expect(inOracleWords(have, result)).toEqual(expected)
      expect(localEventsAreKept(pending, result.state.pending)).toBe(true)
      expectGenerations(result, incoming)
      install(have, base, result)
    })
  })

  it('upstream-reject of groups, acknowledged events stay', () => {
    holds('reject', rejectScenario, ({ head, local, refused, acknowledgedGlobal }) => {
      const state = make({ upstreamHead: head, pending: local })
      const result = upstreamReject(state, refused, acknowledgedGlobal)
      expect(inOracleWords(local, result)).toEqual(rejectOracle(head, entries(local), refused, acknowledgedGlobal))
      expect(localEventsAreKept(local, result.state.pending)).toBe(true)
      expectGenerations(result, [])
      install(local, head, result)
    })
  })

  it('local-push', () => {
    holds('push', pushScenario, ({ scope, head, local, pushed }) => {
      const state = make({ upstreamHead: head, pending: local })
      const result = localPush(state, pushed, scope)
      expect(inOracleWords(local, result)).toEqual(pushOracle(head, entries(local), entries(pushed), scope))
      install(local, head, result)
    })
  })
})

/** Merges page by page. */
const inPages = (
  state: SyncState,
  incoming: ReadonlyArray<NumberedEvent>,
  sizes: ReadonlyArray<number>,
  scope: UpstreamScope,
): { readonly rows: ReadonlyArray<NumberedEvent>; readonly state: SyncState } => {
  let now = { rows: state.pending.toArray(), state }
  const base = state.upstreamHead
  for (let index = 0, from = 0; from < incoming.length; index++) {
    const size = sizes[index % sizes.length] ?? 1
    const result = merge(now.state, { _tag: 'upstream-advance', events: incoming.slice(from, from + size) }, scope)
    const { upstreamHead } = now.state
    expect(rollbackIsUnsettled(upstreamHead, result._tag === 'rebase' ? result.rollbackEvents : [])).toBe(true)
    now = install(now.rows, base, result)
    from += size
  }
  return now
}

describe('laws over several merges', () => {
  it('L8: any split of the same incoming events into pages gives the same log, pending and heads', () => {
    holds('pages', advanceScenario, ({ scope, head, local, incoming, pageSizes }) => {
      const state = make({ upstreamHead: head, pending: local })
      const whole = inPages(state, incoming, [incoming.length], scope)
      const split = inPages(state, incoming, pageSizes, scope)
      expect(texts(split.rows)).toEqual(texts(whole.rows))
      expect(isSameLog(split.rows, whole.rows)).toBe(true)
      expect(split.rows.map(({ event }) => event)).toEqual(whole.rows.map(({ event }) => event))
      expect(texts(split.state.pending)).toEqual(texts(whole.state.pending))
      expect(place(split.state.upstreamHead)).toBe(place(whole.state.upstreamHead))
      expect(place(split.state.localHead)).toBe(place(whole.state.localHead))
    })
  })

  it('L7: what was delivered before is all in the log, and nothing of it is new', () => {
    holds('redelivery', advanceScenario, ({ scope, head, local, incoming, pageSizes }) => {
      const state = make({ upstreamHead: head, pending: local })
      const { rows, state: after } = inPages(state, incoming, pageSizes, scope)
      expect(isRedelivery(rows, incoming)).toBe(true)
      const fresh = incoming.filter(({ seq }) => seq.global > after.upstreamHead.global)
      expect(fresh).toEqual([])
      expect(upstreamAdvance(after, fresh, scope).state).toEqual(after)
    })
  })

  it('clients, leaders and a backend under random schedules agree in the end, every law holding after every step', () => {
    const step: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom(...stepNames), fc.nat(1 << 16), fc.nat(1 << 16))
    const schedule = fc.record({
      sessionCounts: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
      isLastAlone: fc.nat(5).map((n) => n === 0),
      steps: fc.array(step, { minLength: 1, maxLength: 120, size: 'max' }),
    })
    holds('world', schedule, ({ sessionCounts, isLastAlone, steps }) => {
      const world = new World(sessionCounts, isLastAlone)
      world.run(steps)
      world.converge()
      for (const [what, number] of Object.entries(world.counts())) count(`merge_world_${what}`, number)
    })
  })
})
