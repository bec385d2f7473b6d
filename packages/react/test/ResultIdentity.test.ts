import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSame, keepIdentity } from '../src/ResultIdentity.ts'

const row = fc.tuple(fc.integer({ min: 0, max: 12 }), fc.constantFrom(0, 0, 0, 1)).map(([id, n]) => ({
  id,
  at: new Date(n),
  bytes: new Uint8Array([n]),
  json: { list: [n, { n }] },
}))

test('an answer keeps its value, and every object that was equal in its place or by its key', () => {
  let rows = 0
  let kept = 0
  fc.assert(
    fc.property(
      fc.uniqueArray(row, { selector: ({ id }) => id }),
      fc.uniqueArray(row, { selector: ({ id }) => id }),
      (previous, next) => {
        const answer = keepIdentity(previous, next)
        expect(answer).toEqual(next)
        expect(answer === previous).toBe(isSame(previous, next))
        for (const [index, shown] of answer.entries()) {
          const equal = previous.find((candidate) => isSame(candidate, next[index]))
          rows++
          if (equal === undefined) continue
          kept++
          expect(shown).toBe(equal)
        }
      },
    ),
    { numRuns: 1000 },
  )
  expect(kept).toBeGreaterThan(0)
  console.log(`PROOF react-identity-rows=${rows} react-identity-kept=${kept}`)
})

test('values are equal by what they hold, in the same form', () => {
  const different: ReadonlyArray<readonly [unknown, unknown]> = [
    [0, -0],
    [1, 1n],
    [{}, []],
    [{ a: undefined }, { b: undefined }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [new Date(1), new Date(2)],
    [new Uint8Array([1]), [1]],
    [new Map(), new Map()],
    [null, {}],
  ]
  for (const [a, b] of different) expect([isSame(a, b), isSame(b, a)]).toEqual([false, false])
  expect(isSame(Number.NaN, Number.NaN)).toBe(true)
  expect(isSame(new Date(Number.NaN), new Date(Number.NaN))).toBe(true)
  expect(isSame({ a: [{ b: 1n }] }, { a: [{ b: 1n }] })).toBe(true)
})
