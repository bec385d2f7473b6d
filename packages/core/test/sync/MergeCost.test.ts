/**
 * The cost of a merge, counted instead of timed: events whose `seq` and `event` count how often they are read, and the
 * events that PendingEvents moved to another buffer.
 */
import { describe, expect, it } from 'vitest'
import type { EventEnvelope, NumberedEvent } from '../../src/event/EventEnvelope.ts'
import { root } from '../../src/event/EventSequenceNumber.ts'
import { merge } from '../../src/sync/Merge.ts'
import { type SyncState, initial, make } from '../../src/sync/SyncState.ts'
import { envelope } from './EventFixture.ts'
import { number } from './Scenario.ts'

let readCount = 0

const counting = ({ seq, event }: NumberedEvent): NumberedEvent => ({
  get seq() {
    readCount++
    return seq
  },
  get event() {
    readCount++
    return event
  },
})

/** Every third event is client-only, never the first. */
const made = (prefix: string, count: number, event: Partial<EventEnvelope> = {}): Array<EventEnvelope> =>
  Array.from({ length: count }, (_, index) =>
    envelope(`${prefix}${index}`, { isClientOnly: index % 3 === 2, ...event }),
  )

const readsOf = (run: () => unknown): number => {
  readCount = 0
  run()
  return readCount
}

const pendingOf = (count: number): SyncState =>
  make({ upstreamHead: root, pending: number(made('p', count), root).map(counting) })

describe('the cost of a merge', () => {
  it('local-push reads no old event but the last, and copies none, however many are pending', () => {
    const reads = [10, 1000, 20_000].map((count) => {
      const state = pendingOf(count)
      const events = number([envelope('n')], state.localHead)
      return readsOf(() => merge(state, { _tag: 'local-push', events }, 'all'))
    })
    expect(new Set(reads).size).toBe(1)
    expect(reads[0]).toBeLessThanOrEqual(4)
  })

  it.each(['all', 'synced'] as const)("10,000 commits copy nothing ('%s')", (scope) => {
    let state = initial
    for (const event of made('p', 10_000)) {
      const result = merge(state, { _tag: 'local-push', events: number([event], state.localHead) }, scope)
      if (result._tag === 'reject') throw new Error('rejected')
      state = result.state
    }
    expect([state.pending.length, state.pending.copiedCount]).toEqual([10_000, 0])
    console.log(`\nPROOF merge_commits_without_copy=${state.pending.length}`)
  })

  it('a matching prefix costs what it confirms, however many stay pending', () => {
    const reads = [200, 2000, 20_000].map((count) => {
      const state = pendingOf(count)
      const events = state.pending.toArray(0, 100)
      return readsOf(() => merge(state, { _tag: 'upstream-advance', events }, 'all'))
    })
    expect(new Set(reads).size).toBe(1)
    expect(reads[0]).toBeLessThanOrEqual(100 * 20)
  })

  it('confirming 20,000 events page by page copies at most as many as it confirms', () => {
    const rows = number(made('p', 20_000), root)
    let state = make({ upstreamHead: root, pending: rows })
    let copiedMax = 0
    for (let from = 0; from < rows.length; from += 50) {
      const result = merge(state, { _tag: 'upstream-advance', events: rows.slice(from, from + 50) }, 'all')
      if (result._tag !== 'advance') throw new Error(result._tag)
      state = result.state
      copiedMax = Math.max(copiedMax, state.pending.copiedCount)
    }
    expect(state.pending.length).toBe(0)
    expect(copiedMax).toBeLessThanOrEqual(20_000)
  })

  /** Reads per event, for a size and for ten times that size: linear work keeps it the same. */
  const expectLinear = (name: string, run: (state: SyncState, count: number) => void): void => {
    const perEvent = [2000, 20_000].map((count) => {
      const state = pendingOf(count)
      return readsOf(() => run(state, count)) / count
    })
    const [few = 0, many = Infinity] = perEvent
    expect(many / few).toBeLessThan(1.1)
    expect(many).toBeLessThan(60)
    console.log(`\nPROOF merge_reads_per_event_${name}=${many.toFixed(1)}`)
  }

  it('20,000 pending events over foreign ones are replayed in linear work', () => {
    expectLinear('foreign', (state, count) => {
      const events = number(made('x', count / 20, { isClientOnly: false }), root)
      expect(merge(state, { _tag: 'upstream-advance', events }, 'synced')._tag).toBe('rebase')
    })
  })

  it('so are events that upstream has in the reverse order', () => {
    expectLinear('reversed', (state) => {
      const synced = made('p', state.pending.length).filter(({ isClientOnly }) => !isClientOnly)
      const events = number(synced.toReversed(), root)
      expect(merge(state, { _tag: 'upstream-advance', events }, 'synced')).toMatchObject({
        state: { pending: { length: 0 } },
      })
    })
  })

  it('so are collisions from the last event to the first, each handing on what is behind it', () => {
    expectLinear('collisions', (state) => {
      const synced = made('p', state.pending.length, { argsJson: '"forged"' }).filter(
        ({ isClientOnly }) => !isClientOnly,
      )
      const events = number(synced.toReversed(), root)
      expect(merge(state, { _tag: 'upstream-advance', events }, 'synced')._tag).toBe('rebase')
    })
  })

  it('so are a rebase in a session and the refusal of many groups', () => {
    expectLinear('session', (state, count) => {
      const events = number(made('x', count / 20), root)
      const have = state.pending.toArray()
      const refused = new Set(have.filter((_, index) => index % 5 === 0).map(({ event }) => event.id))
      merge(state, { _tag: 'upstream-rebase', base: root, events, have, refused }, 'all')
    })
    expectLinear('refusal', (state, count) => {
      const eventIds = new Set(
        made('p', count)
          .filter((_, index) => index % 7 === 0)
          .map(({ id }) => id),
      )
      merge(state, { _tag: 'upstream-reject', eventIds }, 'synced')
    })
  })
})
