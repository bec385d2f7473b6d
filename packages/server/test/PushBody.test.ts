import { PushRequest } from '@headwater/backend-http/protocol'
import * as Option from 'effect/Option'
import * as Schema from 'effect/Schema'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parsePush } from '../src/PushBody.ts'
import { chain, requestOf } from './LogStorageSuite.ts'
import { root } from './Requests.ts'

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(PushRequest))

/** What a field may be told to be, right and wrong. */
const values: ReadonlyArray<unknown> = [
  undefined,
  null,
  '',
  'x',
  'x'.repeat(256),
  'x'.repeat(257),
  '😀'.repeat(128),
  '😀'.repeat(129),
  0,
  -0,
  1,
  -1,
  0.5,
  1e21,
  2 ** 53 - 1,
  2 ** 53,
  true,
  [],
  {},
  [1],
  { global: 0, eventId: null },
]

const paths = [
  ['backendId'],
  ['parent'],
  ['parent', 'global'],
  ['parent', 'eventId'],
  ['parent', 'more'],
  ['events'],
  ['more'],
  ...['global', 'parentGlobal', 'parentId', 'id', 'name', 'argsJson', 'clientId', 'sessionId', 'createdAt', 'more'].map(
    (field) => ['events', '1', field],
  ),
  ['events', '0'],
  ['__proto__'],
] as const

const change = (target: unknown, [first = '', ...rest]: ReadonlyArray<string>, value: unknown): void => {
  if (typeof target !== 'object' || target === null) return
  const record = target as Record<string, unknown>
  if (rest.length > 0) change(record[first], rest, value)
  else if (value === undefined) delete record[first]
  else Object.defineProperty(record, first, { value, enumerable: true, configurable: true, writable: true })
}

test('a push is read as its schema reads it, whatever is in it', () => {
  const { batch } = requestOf('s', 'log', chain(root, 3))
  let [taken, refused] = [0, 0]
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...paths), fc.constantFrom(...values)), { maxLength: 2 }),
      fc.option(fc.nat(400), { nil: undefined }),
      (changes, cut) => {
        const body: unknown = structuredClone({ ...batch })
        // A copy: the next change may go into the value, and values are for all runs.
        for (const [path, value] of changes) change(body, path, structuredClone(value))
        const text = JSON.stringify(body).slice(0, cut)
        const [ours, theirs] = [parsePush(text), Option.getOrUndefined(decode(text))]
        expect(ours).toEqual(theirs)
        // The stored text is made of it: the order of fields is part of it.
        expect(JSON.stringify(ours)).toBe(JSON.stringify(theirs))
        if (ours === undefined) refused += 1
        else taken += 1
      },
    ),
    { numRuns: 5_000 },
  )
  expect(Math.min(taken, refused)).toBeGreaterThan(200)
  console.log(`PROOF pushes_read=${taken} pushes_refused=${refused} as_the_schema=all`)
})
