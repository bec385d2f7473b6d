import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeRedactor, placeholderOf, rawRedactor } from '../src/inspect/Redaction.ts'

const seed = Number(process.env['HEADWATER_SEED'] ?? Date.now() % 1_000_000)

/** Every leaf with the way to it, and every odd key. */
const leavesOf = (value: unknown, way = '$'): ReadonlyArray<readonly [way: string, leaf: unknown]> => {
  if (typeof value !== 'object' || value === null) return [[way, value]]
  return Object.values(value).flatMap((inner, at) => leavesOf(inner, `${way}.${at}`))
}

describe('redacted args', () => {
  test('keep their shape, and nothing of their values', () => {
    const { json } = makeRedactor()
    expect(json('{"id":"i1","tags":["a","b","a"],"n":42,"ok":true,"none":null,"of":{"id":"i1"}}')).toEqual({
      id: '<string 1>',
      tags: ['<string 2>', '<string 3>', '<string 2>'],
      n: '<number 1>',
      ok: '<boolean>',
      none: null,
      of: { id: '<string 1>' },
    })
    // The same values in the next event.
    expect(json('{"id":"i1","n":42,"m":7}')).toEqual({ id: '<string 1>', n: '<number 1>', m: '<number 2>' })
  })

  test('keys that are data are taken out too', () => {
    const { json } = makeRedactor()
    expect(json('{"votes":{"ann@example.org":1,"bob":2}}')).toEqual({
      votes: { '<key 1>': '<number 1>', bob: '<number 2>' },
    })
  })

  test('what is no JSON is not shown', () => {
    expect(makeRedactor().json('{"secret')).toBe('<unreadable>')
    expect(rawRedactor.json('{"secret')).toBe('{"secret')
  })

  test(`of any JSON: equal leaves stay equal, different ones different, none is there (seed ${seed})`, () => {
    let runs = 0
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 5 }), (values) => {
        const redactor = makeRedactor()
        const before = leavesOf(values)
        const redacted = values.map((value) => redactor.json(JSON.stringify(value)))
        const after = leavesOf(redacted)
        expect(after.map(([way]) => way)).toEqual(before.map(([way]) => way))
        const byLeaf = new Map<unknown, unknown>()
        for (const [at, [, leaf]] of before.entries()) {
          const tag = after[at]![1]
          if (leaf === null) expect(tag).toBeNull()
          else expect(tag).toMatch(/^<(string \d+|number \d+|boolean)>$/)
          if (typeof leaf === 'boolean') continue
          // -0 is written as 0.
          const key = typeof leaf === 'number' ? String(leaf) : JSON.stringify(leaf)
          if (byLeaf.has(key)) expect(tag).toBe(byLeaf.get(key))
          byLeaf.set(key, tag)
        }
        expect(new Set(byLeaf.values()).size).toBe(byLeaf.size)
        runs++
      }),
      { seed, numRuns: 500 },
    )
    console.log(`PROOF redactions=${runs} seed=${seed}`)
  })

  test('placeholders have the types of the originals', () => {
    const { json } = makeRedactor()
    expect(placeholderOf(json('{"a":"x","b":[3,null,true],"c":{"d":"x"}}'))).toEqual({
      a: '<string 1>',
      b: [1, null, false],
      c: { d: '<string 1>' },
    })
  })
})

describe('a redacted message', () => {
  const { text } = makeRedactor()

  test('loses what it quotes of the event, and what stands in quotes', () => {
    const args = '{"id":"i1","name":"secret cake","amount":4711}'
    expect(text('no "secret cake" here', [args])).toBe('no "…" here')
    expect(text('cannot add secret cake: 4711 is too many', [args])).toBe('cannot add …: … is too many')
    expect(text("Expected number, actual 'ann@example.org'")).toBe("Expected number, actual '…'")
    expect(text('e42 of 4711.50 is no i18n')).toBe('e42 of … is no i18n')
    expect(text('the item’s list isn’t “home”')).toBe('the item’s list isn’t “…”')
  })

  test('short values go as words only', () => {
    expect(text('i 7 is in 17 lists', ['{"id":"i","n":7}'])).toBe('… … is in … lists')
  })

  test('and as it is where nothing was asked to be taken out', () => {
    expect(rawRedactor.text('no "secret cake" here')).toBe('no "secret cake" here')
  })
})
