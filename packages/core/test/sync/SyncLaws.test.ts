/** Each law once kept and once broken: a predicate that is always true would prove nothing. */
import { describe, expect, it } from 'vitest'
import { root } from '../../src/event/EventSequenceNumber.ts'
import type { Rebase } from '../../src/sync/MergeResult.ts'
import { PendingEvents } from '../../src/sync/PendingEvents.ts'
import {
  InvariantViolation,
  checkLog,
  checkResult,
  headsAreOrdered,
  headsDoNotMoveBack,
  idsAreUnique,
  isRedelivery,
  isSameLog,
  localEventsAreKept,
  logHasNoGap,
  must,
  pendingIsContiguous,
  rollbackIsUnsettled,
  settledIsKept,
} from '../../src/sync/SyncLaws.ts'
import { initial, make } from '../../src/sync/SyncState.ts'
import { at, log, row } from './EventFixture.ts'

describe('SyncState', () => {
  it('derives localHead', () => {
    expect(initial).toMatchObject({ upstreamHead: root, localHead: root })
    expect(make({ upstreamHead: at('e1'), pending: log('e2 A') }).localHead).toEqual(at('e2'))
    expect(make({ upstreamHead: at('e1'), pending: PendingEvents.empty }).localHead).toEqual(at('e1'))
  })
})

describe('laws', () => {
  it('L1: pending is contiguous and ascending', () => {
    const isKept = (...pending: ReadonlyArray<string>): boolean =>
      pendingIsContiguous(make({ upstreamHead: at('e1.2'), pending: log(...pending) }))
    expect([isKept('e2 A', 'e2.1 c', 'e3 B'), isKept('e1.3 c', 'e2 A'), isKept()]).toEqual([true, true, true])
    expect([isKept('e3 A'), isKept('e2 A', 'e4 B'), isKept('e3 B', 'e2 A'), isKept('e1.1 c')]).toEqual(
      Array(4).fill(false),
    )
  })

  it('L2: settledHead <= upstreamHead <= localHead', () => {
    const state = make({ upstreamHead: at('e2'), pending: log('e3 A') })
    expect([headsAreOrdered(state), headsAreOrdered(state, at('e2'))]).toEqual([true, true])
    expect(headsAreOrdered(state, at('e2.1'))).toBe(false)
    expect(headsAreOrdered({ ...state, localHead: at('e4') })).toBe(false)
    expect(headsAreOrdered({ ...state, pending: PendingEvents.empty, localHead: at('e1') })).toBe(false)
  })

  it('L3: heads do not move back but with a new epoch, the settled head not even then', () => {
    const before = { backendId: 'b', epoch: 2, settledHead: at('e3'), upstreamHead: at('e5') }
    const isKept = (change: object): boolean => headsDoNotMoveBack(before, { ...before, ...change })
    expect([
      isKept({}),
      isKept({ epoch: 3, upstreamHead: at('e4') }),
      isKept({ upstreamHead: at('e6') }),
    ]).not.toContain(false)
    expect(isKept({ backendId: 'other', settledHead: root, upstreamHead: root })).toBe(true)
    expect([
      isKept({ upstreamHead: at('e4') }),
      isKept({ epoch: 1 }),
      isKept({ epoch: 3, settledHead: at('e2') }),
    ]).not.toContain(true)
  })

  it('L4: an id occurs at most once', () => {
    expect([idsAreUnique(log('e1 A', 'e2 B')), idsAreUnique([]), idsAreUnique(log('e1 A', 'e2 A/other'))]).toEqual([
      true,
      true,
      false,
    ])
  })

  it('L5: nothing settled is rolled back', () => {
    expect(rollbackIsUnsettled(at('e1.1'), log('e2 A', 'e3 B'))).toBe(true)
    expect(rollbackIsUnsettled(at('e2'), log('e2 A', 'e3 B'))).toBe(false)
    const before = log('e1 A', 'e2 B')
    expect(settledIsKept(at('e1'), before, log('e1 A', 'e2 X'))).toBe(true)
    expect(settledIsKept(at('e2'), before, log('e1 A', 'e2 X'))).toBe(false)
    expect(settledIsKept(at('e2'), before, log('e1 A'))).toBe(false)
  })

  it('L6: order, scope and content of local events stay', () => {
    const before = log('e2 A', 'e2.1 c', 'e3 B')
    expect(localEventsAreKept(before, log('e3 X', 'e4 A', 'e4.1 c', 'e5 B'))).toBe(true)
    expect(localEventsAreKept(before, log('e4 B'))).toBe(true)
    expect(localEventsAreKept(before, log('e4 B', 'e5 A'))).toBe(false)
    expect(localEventsAreKept(before, log('e4 A', 'e5 c'))).toBe(false)
    expect(localEventsAreKept(before, log('e4 A/other'))).toBe(false)
  })

  it('L7: what is delivered again stands where it stood', () => {
    const rows = log('e1 A', 'e1.1 c', 'e2 B')
    expect(isRedelivery(rows, log('e1 A', 'e2 B'))).toBe(true)
    expect([
      isRedelivery(rows, log('e2 A')),
      isRedelivery(rows, log('e2 B/other')),
      isRedelivery(rows, log('e3 C')),
    ]).not.toContain(true)
  })

  it('L8: logs are compared up to the generation', () => {
    expect(isSameLog(log('e1 A', 'e2r1 B'), log('e1 A', 'e2r5 B'))).toBe(true)
    expect([
      isSameLog(log('e1 A'), []),
      isSameLog(log('e1 A'), log('e2 A')),
      isSameLog(log('e1 A'), log('e1 B')),
    ]).not.toContain(true)
  })

  it('L9: no gap', () => {
    expect(logHasNoGap(log('e1 A', 'e1.1 c', 'e2 B'))).toBe(true)
    expect(logHasNoGap(log('e3 A'), at('e2.7'))).toBe(true)
    expect([
      logHasNoGap(log('e2 A')),
      logHasNoGap(log('e1 A', 'e1.2 c')),
      logHasNoGap([row('e1 A', { isClientOnly: true })]),
    ]).not.toContain(true)
  })
})

describe('checks', () => {
  it('name the law and say what was seen', () => {
    const violation = new InvariantViolation('L4', 'an id occurs twice')
    expect(violation).toMatchObject({ law: 'L4', detail: 'an id occurs twice', message: 'L4: an id occurs twice' })
    expect(() => must('L1', false, () => 'seen')).toThrow(violation.constructor as never)
    expect(() => must('L1', true, () => expect.unreachable())).not.toThrow()
  })

  it('checkLog looks at the whole log', () => {
    const state = make({ upstreamHead: at('e1'), pending: log('e2 B') })
    const check =
      (...rows: ReadonlyArray<string>) =>
      () =>
        checkLog({ state, log: log(...rows) })
    expect(check('e1 A', 'e2 B')).not.toThrow()
    expect(check('e1 A', 'e2 X')).toThrow(/^L1/)
    expect(check('e1 B', 'e2 B')).toThrow(/^L4/)
    expect(check('e2 B')).toThrow(/^L9/)
    expect(check('e1 A', 'e2 B', 'e3 C')).toThrow(/^L1/)
  })

  it('checkResult finds a merge that broke a law', () => {
    const before = make({ upstreamHead: at('e1'), pending: log('e2 A', 'e3 B') })
    const good: Rebase = {
      _tag: 'rebase',
      state: make({ upstreamHead: at('e2'), pending: log('e3r1 A', 'e4r1 B') }),
      base: at('e1'),
      rollbackEvents: log('e2 A', 'e3 B'),
      newEvents: log('e2 X', 'e3r1 A', 'e4r1 B'),
      confirmedEvents: [],
      droppedEvents: [],
    }
    const check = (change: Partial<Rebase>) => () => checkResult(before, { ...good, ...change })
    expect(check({})).not.toThrow()
    expect(check({ base: at('e0'), rollbackEvents: log('e1 Z', 'e2 A', 'e3 B') })).toThrow(/^L5/)
    expect(check({ rollbackEvents: log('e2 A') })).toThrow(/^L2/)
    expect(check({ newEvents: log('e2 X', 'e3 Y', 'e4 A', 'e5 B') })).toThrow(/^L2/)
    expect(check({ newEvents: log('e3 X', 'e4 A') })).toThrow(/^L9/)
    expect(check({ newEvents: log('e2 X', 'e3 X', 'e4 B') })).toThrow(/^L4/)
    const swapped = make({ upstreamHead: at('e2'), pending: log('e3r1 B', 'e4r1 A') })
    expect(check({ state: swapped, newEvents: log('e2 X', 'e3r1 B', 'e4r1 A') })).toThrow(/^L6/)
    const lost = make({ upstreamHead: at('e2'), pending: log('e3r1 B') })
    expect(check({ state: lost, newEvents: log('e2 X', 'e3r1 B') })).toThrow(/^L6: .*A.* got lost/)
  })
})
