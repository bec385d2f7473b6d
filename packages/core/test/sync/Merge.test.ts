/**
 * Hand-made cases: the regressions of spec section 4, the defect that made LiveStore roll back confirmed events, and one
 * case per sentence of the section that chance rarely meets.
 */
import { describe, expect, it } from 'vitest'
import type { NumberedEvent } from '../../src/event/EventEnvelope.ts'
import { format, root } from '../../src/event/EventSequenceNumber.ts'
import { findDivergence } from '../../src/sync/Divergence.ts'
import { type MergeInput, merge } from '../../src/sync/Merge.ts'
import type { MergeResult, Rebase } from '../../src/sync/MergeResult.ts'
import { PendingEvents } from '../../src/sync/PendingEvents.ts'
import { nextGeneration, renumber } from '../../src/sync/Rebase.ts'
import { InvariantViolation } from '../../src/sync/SyncLaws.ts'
import { type SyncState, type UpstreamScope, initial, make } from '../../src/sync/SyncState.ts'
import { at, log, row, show } from './EventFixture.ts'

const stateOf = (upstreamHead: string, ...pending: ReadonlyArray<string>): SyncState =>
  make({ upstreamHead: at(upstreamHead), pending: log(...pending) })

const advance = (...events: ReadonlyArray<string>): MergeInput => ({ _tag: 'upstream-advance', events: log(...events) })
const push = (...events: ReadonlyArray<string>): MergeInput => ({ _tag: 'local-push', events: log(...events) })
const reject = (...ids: ReadonlyArray<string>): MergeInput => ({ _tag: 'upstream-reject', eventIds: new Set(ids) })

const rebased = (state: SyncState, input: MergeInput, scope: UpstreamScope): Rebase => {
  const result = merge(state, input, scope)
  if (result._tag !== 'rebase') throw new Error(`expected a rebase, got ${result._tag}`)
  return result
}

/** A result as text, lists that are empty left out. */
const told = (result: MergeResult): Record<string, unknown> => {
  if (result._tag === 'reject') return { reject: format(result.expectedMinimum) }
  const lists = {
    rollback: result._tag === 'rebase' ? show(result.rollbackEvents) : [],
    new: show(result.newEvents),
    confirmed: show(result.confirmedEvents),
    dropped: result._tag === 'rebase' ? show(result.droppedEvents) : [],
    pending: show(result.state.pending),
  }
  const { upstreamHead, localHead } = result.state
  return {
    ...(result._tag === 'rebase' ? { base: format(result.base) } : {}),
    ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)),
    heads: `${format(upstreamHead)} ${format(localHead)}`,
  }
}

describe('regressions of spec section 4', () => {
  it("confirms a client-only event with its anchor and rolls back only what is behind it ('synced')", () => {
    const state = stateOf('e1', 'e2 A', 'e2.1 c', 'e3 B')
    expect(told(merge(state, advance('e2 A', 'e3 X'), 'synced'))).toEqual({
      base: 'e2.1',
      rollback: ['e3 B'],
      confirmed: ['e2 A', 'e2.1 c'],
      new: ['e3 X', 'e4r1 B'],
      pending: ['e4r1 B'],
      heads: 'e3 e4r1',
    })
  })

  it.each([[[3]], [[1, 1, 1]], [[1, 2]], [[2, 1]]])("replays c behind A for pages of %j ('synced')", (sizes) => {
    let state = stateOf('e41', 'e42 A', 'e42.1 c', 'e43 B')
    let rows: ReadonlyArray<NumberedEvent> = state.pending.toArray()
    const incoming = log('e42 X', 'e43 A', 'e44 B')
    for (const size of sizes) {
      const result = merge(state, { _tag: 'upstream-advance', events: incoming.splice(0, size) }, 'synced')
      if (result._tag === 'reject') throw new Error('rejected')
      const rolledBack = result._tag === 'rebase' ? result.rollbackEvents.length : 0
      rows = [...rows.slice(0, rows.length - rolledBack), ...result.newEvents]
      state = result.state
    }
    expect(rows.map(({ event }) => event.id)).toEqual(['X', 'A', 'c', 'B'])
    expect(rows.map(({ seq }) => format({ ...seq, rebaseGeneration: 0 }))).toEqual(['e42', 'e43', 'e43.1', 'e44'])
    expect(show(state.pending)).toEqual([])
    expect([state.upstreamHead.global, state.localHead.global]).toEqual([44, 44])
  })

  it("gives a client-only event a new anchor and keeps it pending ('all')", () => {
    expect(told(merge(stateOf('e41', 'e41.1 c'), advance('e42 X'), 'all'))).toEqual({
      base: 'e41',
      rollback: ['e41.1 c'],
      new: ['e42 X', 'e42.1r1 c'],
      pending: ['e42.1r1 c'],
      heads: 'e42 e42.1r1',
    })
  })
})

describe('divergence', () => {
  it('counts in the unfiltered list: the LiveStore case rolls back nothing that is confirmed', () => {
    const pending = log('e0.1 c1', 'e0.2 c2', 'e1 A', 'e2 B')
    expect(findDivergence(PendingEvents.fromArray(pending), log('e1 A', 'e2 B/other'), 'synced')).toEqual({
      pendingCount: 3,
      incomingCount: 1,
    })
    const state = make({ upstreamHead: root, pending })
    expect(told(merge(state, advance('e1 A', 'e2 X'), 'synced'))).toEqual({
      base: 'e1',
      rollback: ['e2 B'],
      confirmed: ['e0.1 c1', 'e0.2 c2', 'e1 A'],
      new: ['e2 X', 'e3r1 B'],
      pending: ['e3r1 B'],
      heads: 'e2 e3r1',
    })
  })

  it('confirms the client-only events behind the last match', () => {
    expect(told(merge(stateOf('e1', 'e2 A', 'e2.1 c', 'e3 B'), advance('e2 A'), 'synced'))).toEqual({
      confirmed: ['e2 A', 'e2.1 c'],
      pending: ['e3 B'],
      heads: 'e2.1 e3',
    })
  })

  it("compares client-only events with 'all'", () => {
    expect(told(merge(stateOf('e1', 'e2 A', 'e2.1 c', 'e3 B'), advance('e2 A'), 'all'))).toEqual({
      confirmed: ['e2 A'],
      pending: ['e2.1 c', 'e3 B'],
      heads: 'e2 e3',
    })
  })

  it('continues behind the anchored client-only events of a settled head', () => {
    expect(told(merge(stateOf('e1.2', 'e2 A'), advance('e2 A', 'e3 X'), 'synced'))).toEqual({
      confirmed: ['e2 A'],
      new: ['e3 X'],
      heads: 'e3 e3',
    })
  })

  it('does not take an event of another scope for the local one', () => {
    // It would be confirmed at e1.1, a position that upstream does not have.
    expect(told(merge(stateOf('e1', 'e1.1 c'), advance('e2 c'), 'all'))).toMatchObject({
      rollback: ['e1.1 c'],
      new: ['e2 c'],
      dropped: ['e1.1 c'],
      heads: 'e2 e2',
    })
  })
})

describe('upstream-advance', () => {
  it('confirms a pending event that comes further on, with what hangs on it', () => {
    const state = stateOf('e1', 'e2 A', 'e2.1 a', 'e3 B', 'e3.1 b')
    expect(told(merge(state, advance('e2 B'), 'synced'))).toEqual({
      base: 'e1',
      rollback: ['e2 A', 'e2.1 a', 'e3 B', 'e3.1 b'],
      new: ['e2 B', 'e2.1r1 b', 'e3r1 A', 'e3.1r1 a'],
      confirmed: ['e2 B', 'e2.1r1 b'],
      pending: ['e3r1 A', 'e3.1r1 a'],
      heads: 'e2.1r1 e3.1r1',
    })
  })

  it('lets a collided event leave; what is behind it follows the pending event before it', () => {
    const state = stateOf('e1', 'e2 A', 'e2.1 a', 'e3 B', 'e3.1 b')
    expect(told(merge(state, advance('e2 B/evil'), 'synced'))).toEqual({
      base: 'e1',
      rollback: ['e2 A', 'e2.1 a', 'e3 B', 'e3.1 b'],
      new: ['e2 B/evil', 'e3r1 A', 'e3.1r1 a', 'e3.2r1 b'],
      dropped: ['e3 B'],
      pending: ['e3r1 A', 'e3.1r1 a', 'e3.2r1 b'],
      heads: 'e2 e3.2r1',
    })
  })

  it('lets what is behind a collided event stand before the incoming one if nothing else is pending before it', () => {
    expect(told(merge(stateOf('e1', 'e2 A', 'e2.1 a', 'e3 B'), advance('e2 A/evil'), 'synced'))).toEqual({
      base: 'e1',
      rollback: ['e2 A', 'e2.1 a', 'e3 B'],
      new: ['e1.1r1 a', 'e2 A/evil', 'e3 B'],
      confirmed: ['e1.1r1 a'],
      dropped: ['e2 A'],
      pending: ['e3 B'],
      heads: 'e2 e3',
    })
  })

  it('lets what is behind two collided events follow the last that stands', () => {
    const state = stateOf('e0', 'e1 A', 'e2 B', 'e2.1 b', 'e3 C', 'e3.1 c')
    expect(told(merge(state, advance('e1 C/evil', 'e2 B/evil', 'e3 A'), 'synced'))).toMatchObject({
      new: ['e1 C/evil', 'e2 B/evil', 'e3 A', 'e3.1r1 b', 'e3.2r1 c'],
      confirmed: ['e3 A', 'e3.1r1 b', 'e3.2r1 c'],
      dropped: ['e2 B', 'e3 C'],
      heads: 'e3.2r1 e3.2r1',
    })
  })

  it('lets a client-only event leave whose id upstream uses for something else', () => {
    expect(told(merge(stateOf('e0', 'e1 A', 'e1.1 c', 'e1.2 d'), advance('e1 c/evil'), 'synced'))).toMatchObject({
      new: ['e1 c/evil', 'e2r1 A', 'e2.1r1 d'],
      dropped: ['e1.1 c'],
    })
  })

  it('keeps the envelope that was committed here: the backend knows nothing of commit groups', () => {
    const state = stateOf('e0', 'e1 A')
    const events = [row('e1 X'), row('e2 A', { commitId: '', createdAt: 5 })]
    const { newEvents, confirmedEvents } = rebased(state, { _tag: 'upstream-advance', events }, 'synced')
    expect(newEvents[1]?.event).toBe(state.pending.first?.event)
    expect(confirmedEvents).toEqual([newEvents[1]])
  })

  it('changes nothing for an empty page', () => {
    const state = stateOf('e1', 'e2 A')
    expect(merge(state, advance(), 'synced')).toMatchObject({ _tag: 'advance', newEvents: [], confirmedEvents: [] })
    expect(told(merge(state, advance(), 'synced'))).toEqual({ pending: ['e2 A'], heads: 'e1 e2' })
  })

  it.each([
    ['a gap', 'L9', ['e3 X'], 'synced'],
    ['a gap inside', 'L9', ['e2 X', 'e4 Y'], 'synced'],
    ['events delivered before', 'L9', ['e1 X'], 'all'],
    ['an id twice', 'L4', ['e2 X', 'e3 X'], 'all'],
    ['an id of the matching prefix again', 'L4', ['e2 A', 'e3 A/evil'], 'synced'],
    ['a client-only event from a backend', 'L6', ['e1.1 c'], 'synced'],
  ] as const)('dies of %s (%s)', (_, law, events, scope) => {
    let violation: unknown
    try {
      merge(stateOf('e1', 'e2 A', 'e3 B'), advance(...events), scope)
    } catch (error) {
      violation = error
    }
    expect(violation).toBeInstanceOf(InvariantViolation)
    expect(violation).toMatchObject({ law, _tag: 'InvariantViolation' })
  })
})

describe('local-push', () => {
  it('appends behind localHead', () => {
    expect(told(merge(stateOf('e1', 'e2 A'), push('e2.1 c', 'e3 B'), 'synced'))).toEqual({
      new: ['e2.1 c', 'e3 B'],
      pending: ['e2 A', 'e2.1 c', 'e3 B'],
      heads: 'e1 e3',
    })
  })

  it("confirms leading client-only events at once ('synced'), everything ('none'), nothing ('all')", () => {
    const input = push('e1.1 c', 'e2 A', 'e2.1 d')
    const settled = merge(stateOf('e1'), input, 'synced')
    expect(told(settled)).toMatchObject({ confirmed: ['e1.1 c'], pending: ['e2 A', 'e2.1 d'], heads: 'e1.1 e2.1' })
    const alone = merge(stateOf('e1'), input, 'none')
    expect(told(alone)).toMatchObject({ confirmed: ['e1.1 c', 'e2 A', 'e2.1 d'], heads: 'e2.1 e2.1' })
    const session = merge(stateOf('e1'), input, 'all')
    expect(told(session)).toMatchObject({ pending: ['e1.1 c', 'e2 A', 'e2.1 d'], heads: 'e1 e2.1' })
  })

  it('keeps nothing pending in an app with client-only events alone', () => {
    let state = initial
    for (let index = 1; index <= 50; index++) {
      const result = merge(state, push(`e0.${index} c${index}`), 'synced')
      if (result._tag !== 'advance') throw new Error(result._tag)
      state = result.state
    }
    expect([state.pending.length, format(state.upstreamHead)]).toEqual([0, 'e0.50'])
  })

  it('rejects what does not follow localHead', () => {
    expect(told(merge(stateOf('e1', 'e2 A'), push('e4 B'), 'all'))).toEqual({ reject: 'e3' })
    expect(told(merge(stateOf('e1', 'e2 A'), push('e2.2 c'), 'all'))).toEqual({ reject: 'e2.1' })
    expect(told(merge(stateOf('e1', 'e2 A'), push('e3 B', 'e5 C'), 'all'))).toEqual({ reject: 'e3' })
  })

  it('ignores generations', () => {
    expect(told(merge(stateOf('e1', 'e2r4 A'), push('e3 B'), 'all'))).toMatchObject({ pending: ['e2r4 A', 'e3 B'] })
  })
})

describe('upstream-rebase', () => {
  const state = stateOf('e2', 'e3 P', 'e3.1 q', 'e4 R')
  const have = log('e2 K', 'e3 P', 'e3.1 q', 'e4 R')
  const rebase = (events: ReadonlyArray<string>, refused: ReadonlyArray<string> = []): MergeInput => ({
    _tag: 'upstream-rebase',
    base: { global: 1, client: 0 },
    events: log(...events),
    have,
    refused: new Set(refused),
  })

  it('rolls back what this session has, applies, confirms what came and replays the rest', () => {
    expect(told(merge(state, rebase(['e2 X', 'e3 P', 'e4r2 K']), 'all'))).toEqual({
      base: 'e1',
      rollback: show(have),
      new: ['e2 X', 'e3 P', 'e4r2 K', 'e4.1r3 q', 'e5r3 R'],
      confirmed: ['e3 P'],
      pending: ['e4.1r3 q', 'e5r3 R'],
      heads: 'e4r2 e5r3',
    })
  })

  it('drops refused events unless they came after all', () => {
    expect(told(merge(state, rebase(['e2 K', 'e3 R'], ['P', 'R', 'unknown']), 'all'))).toMatchObject({
      new: ['e2 K', 'e3 R', 'e3.1 q'],
      confirmed: ['e3 R'],
      dropped: ['e3 P'],
      pending: ['e3.1 q'],
    })
  })

  it('drops a collided event, refused or not', () => {
    for (const refused of [[], ['P']])
      expect(told(merge(state, rebase(['e2 P/evil'], refused), 'all'))).toMatchObject({
        new: ['e2 P/evil', 'e2.1r1 q', 'e3r1 R'],
        dropped: ['e3 P'],
      })
  })

  it('falls back to base without events', () => {
    expect(told(merge(state, rebase([], ['P', 'q', 'R']), 'all'))).toEqual({
      base: 'e1',
      rollback: show(have),
      dropped: ['e3 P', 'e3.1 q', 'e4 R'],
      heads: 'e1 e1',
    })
  })

  it.each([
    ['a base it does not have yet', 'L2', { base: at('e3') }],
    ['a log that does not follow base', 'L1', { base: at('e0') }],
    ['a log without its pending events', 'L1', { have: have.slice(0, 2) }],
    ['events with a gap', 'L9', { events: log('e3 X') }],
  ] as const)('dies of %s (%s)', (_, law, change) => {
    const input = { ...rebase([]), ...change } as MergeInput
    expect(() => merge(state, input, 'all')).toThrow(new RegExp(`^${law}: `))
  })
})

describe('upstream-reject', () => {
  it('removes the commit group, closes the gap and settles what has no anchor left', () => {
    const state = make({
      upstreamHead: at('e1'),
      pending: [
        row('e2 A', { commitId: 'g' }),
        row('e2.1 a'),
        row('e3 B'),
        row('e4 C', { commitId: 'g' }),
        row('e4.1 c'),
      ],
    })
    expect(told(merge(state, reject('C', 'unknown'), 'synced'))).toEqual({
      base: 'e1',
      rollback: ['e2 A', 'e2.1 a', 'e3 B', 'e4 C', 'e4.1 c'],
      dropped: ['e2 A', 'e4 C'],
      new: ['e1.1r1 a', 'e2r1 B', 'e2.1r1 c'],
      confirmed: ['e1.1r1 a'],
      pending: ['e2r1 B', 'e2.1r1 c'],
      heads: 'e1.1r1 e2.1r1',
    })
  })

  it('leaves what is before the first refused event alone', () => {
    expect(told(merge(stateOf('e1', 'e2 A', 'e3 B', 'e3.1 b', 'e4 C'), reject('B'), 'synced'))).toEqual({
      base: 'e2',
      rollback: ['e3 B', 'e3.1 b', 'e4 C'],
      dropped: ['e3 B'],
      new: ['e2.1r1 b', 'e3r1 C'],
      pending: ['e2 A', 'e2.1r1 b', 'e3r1 C'],
      heads: 'e1 e3r1',
    })
  })

  it('keeps the members of the group that the backend has acknowledged', () => {
    const group = ['e2 A', 'e3 B', 'e4 C'].map((text) => row(text, { commitId: 'g' }))
    const state = make({ upstreamHead: at('e1'), pending: group })
    const input: MergeInput = {
      _tag: 'upstream-reject',
      eventIds: new Set(['C']),
      acknowledgedGlobal: 2,
    }
    expect(told(merge(state, input, 'synced'))).toMatchObject({ dropped: ['e3 B', 'e4 C'], pending: ['e2 A'] })
  })

  it('ignores ids that are not pending', () => {
    const state = stateOf('e1', 'e2 A')
    expect(merge(state, reject('unknown'), 'synced')).toMatchObject({ _tag: 'advance', state })
  })

  it('keeps the generation of an event that keeps its position', () => {
    const state = make({
      upstreamHead: at('e1'),
      pending: [row('e2 A'), row('e2.1 c', { commitId: 'g' }), row('e3r1 B'), row('e4 C', { commitId: 'g' })],
    })
    expect(told(merge(state, reject('C'), 'synced'))).toMatchObject({
      rollback: ['e2.1 c', 'e3r1 B', 'e4 C'],
      new: ['e3r1 B'],
    })
  })
})

describe('renumber', () => {
  it('continues behind base and stamps what moves', () => {
    expect(show(renumber(log('e3 A', 'e3.1 c'), at('e7'), 1))).toEqual(['e8r1 A', 'e8.1r1 c'])
    expect(show(renumber(log('e3.1 c', 'e4 A'), at('e3'), 9))).toEqual(['e3.1 c', 'e4 A'])
    expect(renumber([], at('e7'), 1)).toEqual([])
  })

  it('takes a generation above all that was seen', () => {
    expect(nextGeneration()).toBe(1)
    expect(nextGeneration(log('e1 A', 'e2r4 B'), log('e1r2 X'))).toBe(5)
  })
})
