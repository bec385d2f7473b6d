import {
  column,
  defineEvent,
  defineSchema,
  makeStore,
  Schema,
  StoreNotOpened,
  StoreService,
  storeLayer,
  table,
} from '@headwater/core'
import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import { expect, test } from 'vitest'
import { memoryAdapter } from '../../../adapter-node/src/MemoryAdapter.ts'

const notes = table('notes', { id: column.text().primaryKey(), text: column.text() })
const noted = defineEvent('noted', Schema.Struct({ id: Schema.String, text: Schema.String }))
const schema = defineSchema({
  version: 1,
  tables: { notes },
  events: { noted },
  materializers: { noted: (note) => notes.insert(note) },
})

test('the layer opens a store and closes it with its scope', async () => {
  const program = Effect.gen(function* () {
    const store = yield* StoreService
    const receipt = store.commit(noted({ id: '1', text: 'a' }))
    yield* Effect.promise(() => receipt.persisted)
    return { store, rows: store.query(notes.all()) }
  })
  const { store, rows } = await Effect.runPromise(
    Effect.provide(program, storeLayer({ schema, storeId: 'layer', adapter: memoryAdapter() })),
  )
  expect(rows).toEqual([{ id: '1', text: 'a' }])
  expect(() => store.commit(noted({ id: '2', text: 'b' }))).toThrow('closed')
})

test('a store that cannot be opened is a typed failure', async () => {
  const result = await Effect.runPromise(
    Effect.scoped(Effect.result(makeStore({ schema, storeId: '../x', adapter: memoryAdapter() }))),
  )
  expect(Result.isFailure(result) && result.failure instanceof StoreNotOpened && result.failure.message).toContain(
    'is not a store id',
  )
})
