import * as Effect from 'effect/Effect'
import * as SchemaGetter from 'effect/SchemaGetter'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import * as Backend from '../../src/backend/BackendLimits.ts'
import { argsWireBytes, decodeArgs, encodeArgs } from '../../src/event/EventArgs.ts'
import { defineEvent } from '../../src/event/EventDefinition.ts'
import type { DecodedArgs, EventInput } from '../../src/event/EventDefinition.ts'
import { EventTooLarge, InvalidEventArgs, InvalidEventDefinition } from '../../src/event/EventError.ts'
import { argsDepthMax, eventBytesMax, eventEnvelopeBytes } from '../../src/event/EventLimits.ts'
import { Schema } from '../../src/index.ts'

const todoCreated = defineEvent('todoCreated', Schema.Struct({ id: Schema.String, text: Schema.String }))
const anything = defineEvent('anything', Schema.Struct({ value: Schema.Unknown }))

/** What was wrong with the args: path and problem of the typed error. */
const refusal = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof InvalidEventArgs) return `${error.path}: ${error.problem}`
    throw error
  }
  return 'accepted'
}

const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

describe('definitions', () => {
  test('infer the args and what the materializer receives', () => {
    expectTypeOf(todoCreated).parameters.toEqualTypeOf<[args: { readonly id: string; readonly text: string }]>()
    expectTypeOf(todoCreated({ id: '1', text: 'a' })).toExtend<EventInput<'todoCreated'>>()
    expectTypeOf<DecodedArgs<typeof todoCreated>>().toEqualTypeOf<{ readonly id: string; readonly text: string }>()
    const zod = defineEvent('zod', z.object({ n: z.number().default(1) }))
    expectTypeOf(zod).toBeCallableWith({})
    expectTypeOf<DecodedArgs<typeof zod>>().toEqualTypeOf<{ n: number }>()
    // @ts-expect-error text is missing
    todoCreated({ id: '1' })
  })

  test('make inputs and carry their options', () => {
    const cleared = defineEvent('cleared', Schema.Struct({}), { clientOnly: true })
    expect(cleared()).toEqual({ definition: cleared, args: {} })
    expect([cleared.name, cleared.isClientOnly, todoCreated.isClientOnly]).toEqual(['cleared', true, false])
  })

  test.each(['', '1a', 'a b', 'a/b', 'x'.repeat(129), '__proto__ ', 'ä'])('refuse the name %j', (name) => {
    expect(() => defineEvent(name, Schema.Struct({}))).toThrow(InvalidEventDefinition)
  })

  test.each([[undefined], [{}], [{ '~standard': { version: 2 } }], [() => true]])('refuse %j as a schema', (schema) => {
    expect(() => defineEvent('x', schema as never)).toThrow(InvalidEventDefinition)
  })
})

describe('Effect Schema', () => {
  test('encodes at commit, decodes for the materializer', () => {
    const event = defineEvent('e', Schema.Struct({ at: Schema.DateFromString, n: Schema.optional(Schema.Number) }))
    const json = encodeArgs(event, { at: new Date(5), n: undefined })
    expect(json).toBe('{"at":"1970-01-01T00:00:00.005Z"}')
    expect(decodeArgs(event, json)).toEqual({ at: new Date(5) })
  })

  test('values that are not JSON travel as strings', () => {
    const event = defineEvent(
      'e',
      Schema.Struct({
        at: Schema.Date,
        int64: Schema.BigInt,
        bytes: Schema.Uint8Array,
        note: Schema.UndefinedOr(Schema.String),
      }),
    )
    const args = { at: new Date(5), int64: 2n ** 63n - 1n, bytes: Uint8Array.of(1, 2), note: undefined }
    const json = encodeArgs(event, args)
    expect(JSON.parse(json)).toEqual({
      at: '1970-01-01T00:00:00.005Z',
      int64: '9223372036854775807',
      bytes: 'AQI=',
      note: null,
    })
    expect(decodeArgs(event, json)).toEqual(args)
  })

  test('recursive schemas and classes', () => {
    interface Tree {
      readonly children: ReadonlyArray<Tree>
    }
    const Tree = Schema.Struct({ children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree)) }).annotate({
      identifier: 'Tree',
    })
    const event = defineEvent('e', Tree)
    expect(encodeArgs(event, { children: [{ children: [] }] })).toBe('{"children":[{"children":[]}]}')
  })

  test('says where args do not fit, never with the value', () => {
    const event = defineEvent('e', Schema.Struct({ items: Schema.Array(Schema.Struct({ 'a b': Schema.Int })) }))
    expect(refusal(() => encodeArgs(event, { items: [{ 'a b': 1 }, { 'a b': 'secret' }] }))).toBe(
      '$.items[1]["a b"]: Expected number',
    )
    expect(refusal(() => encodeArgs(event, 5))).toBe('$: Expected object')
    expect(refusal(() => decodeArgs(event, '{}'))).toMatch(/^\$\.items: Missing key/)
  })

  test('a transformation that throws is an invalid arg', () => {
    const Thrower = Schema.String.pipe(
      Schema.check(
        Schema.makeFilter((): boolean => {
          throw new Error('boom')
        }),
      ),
    )
    expect(refusal(() => encodeArgs(defineEvent('e', Thrower), 'x'))).toBe('$: its schema threw boom')
  })

  test('an asynchronous transformation is refused', () => {
    const later = SchemaGetter.transformEffect((text: string) => Effect.delay(Effect.succeed(text), 1))
    const Slow = Schema.String.pipe(Schema.decodeTo(Schema.String, { decode: later, encode: later }))
    const problem = '$: its validator is asynchronous; a commit is synchronous'
    expect(refusal(() => encodeArgs(defineEvent('e', Slow), 'x'))).toBe(problem)
    expect(refusal(() => decodeArgs(defineEvent('e', Slow), '"x"'))).toBe(problem)
  })
})

describe.each([
  ['Zod', z.object({ id: z.string(), tags: z.array(z.string()).default([]) })],
  ['Valibot', v.object({ id: v.string(), tags: v.optional(v.array(v.string()), []) })],
] as const)('%s', (_, schema) => {
  const event = defineEvent('e', schema)

  test('stores the output, so that a default is chosen once', () => {
    expect(encodeArgs(event, { id: '1' })).toBe('{"id":"1","tags":[]}')
    expect(decodeArgs(event, '{"id":"1","tags":["a"]}')).toEqual({ id: '1', tags: ['a'] })
  })

  test('says where args do not fit', () => {
    expect(refusal(() => encodeArgs(event, { id: '1', tags: ['a', 2] }))).toMatch(/^\$\.tags\[1\]: /)
    expect(refusal(() => decodeArgs(event, '{"id":1}'))).toMatch(/^\$\.id: /)
  })
})

describe('Standard Schema', () => {
  test('refuses asynchronous validators, without an unhandled rejection', () => {
    const zod = defineEvent(
      'e',
      z.string().refine(async () => false),
    )
    const valibot = defineEvent(
      'e',
      v.pipeAsync(
        v.string(),
        v.checkAsync(async () => Promise.reject(new Error('late'))),
      ),
    )
    expect(refusal(() => encodeArgs(zod, 'x'))).toBe('$: its validator is asynchronous; a commit is synchronous')
    expect(refusal(() => encodeArgs(valibot, 'x'))).toBe('$: its validator is asynchronous; a commit is synchronous')
  })

  test('an output that is not JSON is refused', () => {
    expect(refusal(() => encodeArgs(defineEvent('e', z.object({ at: z.date() })), { at: new Date(0) }))).toBe(
      '$.at: Date is not a plain object; let the schema encode it',
    )
  })

  test('a validator that throws is an invalid arg', () => {
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'mine',
        validate: () => {
          throw new Error('boom')
        },
      },
    } as const
    expect(refusal(() => encodeArgs(defineEvent('e', schema), 1))).toBe('$: its schema threw boom')
  })
})

describe('JSON by the rules of the log', () => {
  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  const hole: Array<number> = [1]
  hole[2] = 3
  const evil: unknown = JSON.parse('{"__proto__":{"isAdmin":true}}')

  test.each<[string, unknown, string]>([
    ['NaN', Number.NaN, 'NaN is not JSON'],
    ['Infinity', -Infinity, '-Infinity is not JSON'],
    ['an unsafe integer', 2 ** 53, 'an integer beyond 2^53'],
    ['1e300', 1e300, 'an integer beyond 2^53'],
    ['a lone surrogate', 'a\ud800b', 'lone surrogate'],
    ['a NUL', 'a\0b', 'NUL'],
    ['undefined in an array', [undefined], 'undefined is not JSON'],
    ['a hole', hole, 'undefined is not JSON'],
    ['a function', () => 1, 'a function is not JSON'],
    ['a symbol', Symbol('x'), 'a symbol is not JSON'],
    ['a bigint', 1n, 'a bigint is not JSON'],
    ['a cycle', cyclic, 'nested too deep, or cyclic'],
    ['65 levels', nested(64), 'nested too deep'],
    ['a Date', new Date(0), 'Date is not a plain object'],
    ['a Map', new Map(), 'Map is not a plain object'],
    ['bytes', Uint8Array.of(1), 'Uint8Array is not a plain object'],
    ['toJSON', Object.defineProperty({}, 'toJSON', { value: () => 1 }), 'toJSON'],
    ['toJSON of an array', Object.assign([1], { toJSON: () => 1 }), 'toJSON'],
    ['__proto__', evil, '__proto__'],
    ['a key with a lone surrogate', { 'a\udfff': 1 }, 'lone surrogate'],
  ])('refuses %s', (_, value, problem) => {
    expect(refusal(() => encodeArgs(anything, { value }))).toContain(problem)
  })

  test.each<[string, unknown]>([
    ['the largest safe integer', Number.MAX_SAFE_INTEGER],
    ['a fraction', 0.1],
    ['text beyond the BMP', 'a😀\u{10ffff}'],
    ['an absent property', { a: undefined }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['64 levels', nested(argsDepthMax - 1)],
    ['a key that JSON escapes', { '"\\\n': '\u2028' }],
  ])('accepts %s', (_, value) => {
    const json = encodeArgs(anything, { value })
    expect(json).toBe(JSON.stringify({ value }))
    expect(decodeArgs(anything, json)).toEqual(JSON.parse(json))
  })

  test('stored text is held to the same rules', () => {
    expect(refusal(() => decodeArgs(anything, '{"value":{"__proto__":1}}'))).toContain('__proto__')
    expect(refusal(() => decodeArgs(anything, '{"value":9007199254740993}'))).toContain('2^53')
    expect(refusal(() => decodeArgs(anything, '{"value":"\\ud800"}'))).toContain('lone surrogate')
    expect(refusal(() => decodeArgs(anything, '{"value":'))).toBe('$: the stored text is not JSON')
    expect(refusal(() => decodeArgs(anything, '['.repeat(500_000)))).toBe('$: the stored text is not JSON')
    const deep = `{"value":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    expect(refusal(() => decodeArgs(anything, deep))).toContain('nested too deep')
  })
})

describe('size', () => {
  test('limits are those of the wire', () => {
    expect([eventBytesMax, argsDepthMax]).toEqual([Backend.eventBytesMax, Backend.argsDepthMax])
  })

  test('argsWireBytes counts what the args take inside the JSON of an event', () => {
    for (const value of ['', 'a"b\\c', 'äöü', '漢字', '😀', '\n\t\u0001', '\u2028']) {
      const argsJson = JSON.stringify({ value })
      expect(argsWireBytes(argsJson)).toBe(Buffer.byteLength(JSON.stringify(argsJson)))
    }
  })

  test('the allowance covers the longest envelope', () => {
    const long = 'i'.repeat(64)
    const envelope = {
      global: Number.MAX_SAFE_INTEGER,
      parentGlobal: Number.MAX_SAFE_INTEGER,
      parentId: long,
      id: long,
      name: 'n'.repeat(128),
      argsJson: '',
      clientId: long,
      sessionId: long,
      createdAt: Number.MAX_SAFE_INTEGER,
    }
    expect(Backend.eventSizeBytes(envelope)).toBeLessThan(eventEnvelopeBytes)
  })

  test('the largest event that fits, and one byte more', () => {
    const room = eventBytesMax - eventEnvelopeBytes - argsWireBytes('{"value":""}')
    expect(() => encodeArgs(anything, { value: 'x'.repeat(room) })).not.toThrow()
    try {
      encodeArgs(anything, { value: 'x'.repeat(room + 1) })
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(EventTooLarge)
      expect(error).toMatchObject({ event: 'anything', sizeBytes: eventBytesMax + 1, sizeBytesMax: eventBytesMax })
    }
    // Quotes are escaped on the wire: half as many fit, although the text itself is short enough.
    expect(() => encodeArgs(anything, { value: '"'.repeat(room / 2) })).toThrow(EventTooLarge)
    expect(() => encodeArgs(anything, { value: '漢'.repeat(Math.floor(room / 3)) })).not.toThrow()
  })
})
