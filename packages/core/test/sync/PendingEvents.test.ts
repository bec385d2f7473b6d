/**
 * PendingEvents against plain arrays. Every window ever made is kept and read again at the end: sharing one buffer may
 * never show.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NumberedEvent } from '../../src/event/EventEnvelope.ts'
import { PendingEvents } from '../../src/sync/PendingEvents.ts'
import { row } from './EventFixture.ts'

const events = (count: number, from = 1): Array<NumberedEvent> =>
  Array.from({ length: count }, (_, index) => row(`e${from + index} p${from + index}`))

describe('PendingEvents', () => {
  it('reads like an array', () => {
    const [a, b, c] = events(3)
    const window = PendingEvents.fromArray(events(4)).dropFirst(1)
    expect(window.length).toBe(3)
    expect([window.first?.event.id, window.last?.event.id]).toEqual(['p2', 'p4'])
    expect([window.at(0), window.at(2)].map((event) => event?.event.id)).toEqual(['p2', 'p4'])
    expect([window.at(-1), window.at(3)]).toEqual([undefined, undefined])
    expect(window.toArray(1)).toEqual(events(2, 3))
    expect(window.toArray(-5, 1)).toEqual(events(1, 2))
    expect(window.toArray(2, 1)).toEqual([])
    expect([...window]).toEqual(events(3, 2))
    expect([a, b, c]).toEqual(PendingEvents.fromArray(events(3)).toArray())
  })

  it('does not share what it was made from', () => {
    const source = events(2)
    const window = PendingEvents.fromArray(source)
    source.pop()
    expect(window.length).toBe(2)
  })

  it('keeps an empty window for every store of the process', () => {
    const one = PendingEvents.empty.append(events(1))
    const other = PendingEvents.empty.append(events(1, 9))
    expect([one.first?.event.id, other.first?.event.id, PendingEvents.empty.length]).toEqual(['p1', 'p9', 0])
    expect(one.dropFirst(7)).toBe(PendingEvents.empty)
  })

  it('gives a window its own buffer when a younger one has written behind it', () => {
    const trunk = PendingEvents.fromArray(events(3))
    const left = trunk.append(events(1, 10))
    const right = trunk.append(events(1, 20))
    expect(left.toArray().map(({ event }) => event.id)).toEqual(['p1', 'p2', 'p3', 'p10'])
    expect(right.toArray().map(({ event }) => event.id)).toEqual(['p1', 'p2', 'p3', 'p20'])
    expect([left.copiedCount, right.copiedCount]).toEqual([0, 3])
  })

  it('equals an array after any operations on any older window', () => {
    const step = fc.record({ from: fc.nat(), drop: fc.nat(90), append: fc.nat(90) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const windows = [{ window: PendingEvents.empty, array: [] as Array<NumberedEvent> }]
        for (const [index, { from, drop, append }] of steps.entries()) {
          // Mostly the newest window, as in an engine; every fourth step any older one.
          const source = windows[index % 4 === 0 ? from % windows.length : windows.length - 1]
          if (source === undefined) continue
          const added = events(append, index * 100)
          windows.push({
            window: source.window.dropFirst(drop).append(added),
            array: [...source.array.slice(drop), ...added],
          })
        }
        for (const { window, array } of windows) {
          expect(window.toArray()).toEqual(array)
          expect([...window]).toEqual(array)
          expect([window.length, window.first, window.last]).toEqual([array.length, array[0], array.at(-1)])
        }
      }),
      { numRuns: 300 },
    )
  })

  it('copies nothing for 20,000 appends', () => {
    let window = PendingEvents.empty
    for (const event of events(20_000)) window = window.append([event])
    expect([window.length, window.copiedCount]).toEqual([20_000, 0])
  })

  it('moves at most as many events as were dropped, in pages of any size', () => {
    for (const page of [1, 7, 100, 1999]) {
      let window = PendingEvents.fromArray(events(20_000))
      let dropped = 0
      while (window.length > page) {
        window = window.dropFirst(page)
        dropped += page
        expect(window.copiedCount).toBeLessThanOrEqual(dropped)
      }
    }
  })

  it('moves at most as many events as were dropped in a steady state, which stays bounded', () => {
    let window = PendingEvents.fromArray(events(500))
    for (let turn = 0; turn < 5000; turn++) window = window.append(events(2, turn)).dropFirst(2)
    expect(window.length).toBe(500)
    expect(window.copiedCount).toBeLessThanOrEqual(10_000)
  })
})
