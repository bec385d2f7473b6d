import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Seq from '../../src/event/EventSequenceNumber.ts'

const number = fc.oneof(fc.nat(20), fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER))
const sequenceNumber = fc.record({ global: number, client: number, rebaseGeneration: number })

describe('EventSequenceNumber', () => {
  it.each([
    ['e0', { global: 0, client: 0, rebaseGeneration: 0 }],
    ['e42', { global: 42, client: 0, rebaseGeneration: 0 }],
    ['e42.1', { global: 42, client: 1, rebaseGeneration: 0 }],
    ['e43r2', { global: 43, client: 0, rebaseGeneration: 2 }],
    ['e0.12r3', { global: 0, client: 12, rebaseGeneration: 3 }],
  ])('reads and writes %s', (text, seq) => {
    expect(Seq.parse(text)).toEqual(seq)
    expect(Seq.format(seq)).toBe(text)
  })

  it('round-trips every safe position', () => {
    fc.assert(
      fc.property(sequenceNumber, (seq) => {
        expect(Seq.parse(Seq.format(seq))).toEqual(seq)
      }),
    )
  })

  it('isNext says what next answers', () => {
    fc.assert(
      fc.property(sequenceNumber, sequenceNumber, fc.boolean(), (head, other, isClientOnly) => {
        expect(Seq.isNext(head, isClientOnly, Seq.next(head, isClientOnly, 3))).toBe(true)
        expect(Seq.isNext(head, isClientOnly, other)).toBe(Seq.equals(Seq.next(head, isClientOnly), other))
      }),
    )
  })

  it('has one text per position: whatever parses is written the same way', () => {
    const text = fc.stringMatching(/^e\d{1,17}(\.\d{1,3})?(r\d{1,3})?$/)
    fc.assert(
      fc.property(text, (written) => {
        const seq = Seq.parse(written)
        if (seq !== undefined) expect(Seq.format(seq)).toBe(written)
      }),
    )
  })

  it.each(['', 'e', '42', 'e-1', 'e01', 'e1.0', 'e1r0', 'e1.', 'e1r', 'e1r1.1', 'E1', ' e1', 'e1 ', 'e1.5.2', 'e1e2'])(
    'refuses %j',
    (text) => expect(Seq.parse(text)).toBeUndefined(),
  )

  it('refuses numbers that a double cannot hold', () => {
    expect(Seq.parse('e9007199254740991')).toBeDefined()
    expect(Seq.parse('e9007199254740992')).toBeUndefined()
  })

  it('orders by global, then client, and ignores the generation', () => {
    const texts = ['e0', 'e0.1', 'e1', 'e1.1', 'e1.2', 'e2', 'e10']
    const numbers = texts.flatMap((text) => Seq.parse(text) ?? [])
    expect(numbers.toReversed().toSorted(Seq.compare).map(Seq.format)).toEqual(texts)
    const regenerated = { ...Seq.root, rebaseGeneration: 3 }
    expect(Seq.compare(regenerated, Seq.root)).toBe(0)
    expect(Seq.equals(regenerated, Seq.root)).toBe(true)
  })

  it('numbers the next event behind a head', () => {
    const head = { global: 42, client: 3, rebaseGeneration: 7 }
    expect(Seq.format(Seq.next(head, false))).toBe('e43')
    expect(Seq.format(Seq.next(head, true, 8))).toBe('e42.4r8')
  })

  it('skips client-only events for the parent of a synced event', () => {
    expect(Seq.parentOf({ global: 43, client: 0 })).toEqual({ global: 42, client: 0 })
    expect(Seq.parentOf({ global: 42, client: 2 })).toEqual({ global: 42, client: 1 })
    expect(Seq.parentOf({ global: 42, client: 1 })).toEqual({ global: 42, client: 0 })
  })
})
