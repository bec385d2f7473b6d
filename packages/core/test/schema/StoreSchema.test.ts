import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  column,
  defineEvent,
  defineSchema,
  MaterializerInvalid,
  Schema,
  SchemaInvalid,
  table,
} from '../../src/index.ts'
import type { ColumnReference, MaterializerContext } from '../../src/index.ts'
import { encodeArgs, decodeArgs } from '../../src/event/EventArgs.ts'
import { flattenWrites } from '../../src/schema/Materializer.ts'
import { checkTableScope } from '../../src/schema/StoreSchema.ts'
import { openDatabase } from './Database.ts'

// The example of spec section 8, up to defineSchema, as it stands there.
const todos = table('todos', {
  id: column.text().primaryKey(),
  text: column.text(),
  done: column.boolean().default(false),
})
const todoCreated = defineEvent('todoCreated', Schema.Struct({ id: Schema.String, text: Schema.String }))
const todoDone = defineEvent('todoDone', Schema.Struct({ id: Schema.String }))

const schema = defineSchema({
  version: 1,
  tables: { todos },
  events: { todoCreated, todoDone },
  materializers: {
    todoCreated: ({ id, text }) => todos.insert({ id, text }),
    todoDone: ({ id }) => todos.update({ done: true }).where({ id }),
  },
})

const context: MaterializerContext = {
  query: () => {
    throw new Error('not used')
  },
  event: { id: 'e', name: 'n', clientId: 'c', sessionId: 's', createdAt: 0 },
}

test('the example of spec section 8 runs', () => {
  const db = openDatabase(schema)
  for (const { definition, args } of [todoCreated({ id: '1', text: 'hello' }), todoDone({ id: '1' })]) {
    const decoded = decodeArgs(definition, encodeArgs(definition, args))
    const materialize = schema.materializerByName.get(definition.name)
    db.run(flattenWrites(definition.name, materialize?.(decoded as never, context)))
  }
  expect(db.query(todos.all())).toEqual([{ id: '1', text: 'hello', done: true }])
  expectTypeOf(todos.where({ done: false }).orderBy('text').decode).returns.toEqualTypeOf<
    ReadonlyArray<{ readonly id: string; readonly text: string; readonly done: boolean }>
  >()
  expect(schema.descriptor).toMatchObject({
    version: 1,
    eventNames: ['todoCreated', 'todoDone'],
    onUnknownEvent: 'warn',
  })
})

describe('what does not fit together is refused, by types and at run time', () => {
  const base = { version: 1, tables: { todos } } as const
  const materializers = { todoCreated: () => [], todoDone: () => [] }

  test('events and materializers', () => {
    const events = { todoCreated, todoDone }
    // @ts-expect-error todoDone has no materializer
    expect(() => defineSchema({ ...base, events, materializers: { todoCreated: () => [] } })).toThrow(
      'event "todoDone" has no materializer',
    )
    expect(() =>
      // @ts-expect-error todoDone is no event
      defineSchema({ ...base, events: { todoCreated }, materializers: { todoCreated: () => [], todoDone: () => [] } }),
    ).toThrow('materializers.todoDone has no event')
    expect(() => defineSchema({ ...base, events: { other: todoCreated }, materializers: { other: () => [] } })).toThrow(
      'events.other is the event "todoCreated"',
    )
    expect(() =>
      defineSchema({
        ...base,
        events: { todoCreated, todoDone },
        materializers: { ...materializers, todoDone: 5 as never },
      }),
    ).toThrow('materializers.todoDone is not a function')
    expect(() => defineSchema({ ...base, events: { x: {} as never }, materializers: { x: () => [] } })).toThrow(
      'not made by defineEvent',
    )
    defineSchema({
      ...base,
      events: { todoCreated },
      // @ts-expect-error args have no such field
      materializers: { todoCreated: ({ nope }) => todos.insert({ id: nope, text: '' }) },
    })
    defineSchema({
      ...base,
      events: { todoCreated },
      // @ts-expect-error an update without its where is no write
      materializers: { todoCreated: () => todos.update({ done: true }) },
    })
    // @ts-expect-error a materializer answers at once
    defineSchema({ ...base, events: { todoCreated }, materializers: { todoCreated: async () => [] } })
  })

  test('tables', () => {
    const Todos = table('Todos', { id: column.text() })
    const rest = { version: 1, events: {}, materializers: {} }
    expect(() => defineSchema({ ...rest, tables: { todos, Todos } })).toThrow('differ only in case')
    expect(() => defineSchema({ ...rest, tables: { other: todos } })).toThrow('tables.other is the table "todos"')
    expect(() => defineSchema({ ...rest, tables: { todos: undefined as never } })).toThrow('not made by table')
  })

  test.each([0, 1.5, -1, Number.NaN, '1'])('version %j', (version) => {
    expect(() => defineSchema({ ...base, version: version as number, events: {}, materializers: {} })).toThrow(
      SchemaInvalid,
    )
  })

  test('policy for unknown events', () => {
    const seen = () => {}
    const define = (onUnknownEvent: never) => defineSchema({ ...base, events: {}, materializers: {}, onUnknownEvent })
    expect(() => define('ask' as never)).toThrow(SchemaInvalid)
    expect(define(seen as never).onUnknownEvent).toBe(seen)
    expect(define(seen as never).descriptor.onUnknownEvent).toBe('ignore')
    expect(define('fail' as never).descriptor.onUnknownEvent).toBe('fail')
  })
})

describe('what a materializer answers', () => {
  const one = todos.insert({ id: '1', text: '' })

  test('nothing, one write, several, several rows', () => {
    expect(flattenWrites('e', undefined)).toEqual([])
    expect(flattenWrites('e', one)).toEqual([one])
    expect(
      flattenWrites('e', [
        one,
        todos.insert([
          { id: '2', text: '' },
          { id: '3', text: '' },
        ]),
      ]),
    ).toHaveLength(3)
  })

  test.each<[string, unknown, string]>([
    ['a promise', Promise.resolve([]), 'asynchronous'],
    ['an update without where', todos.update({ done: true }), 'lacks its where'],
    ['a query', todos.count(), 'may answer with writes'],
    ['a row', { id: '1' }, 'may answer with writes'],
    ['a number', 5, 'may answer with writes'],
    ['nothing inside an array', [one, undefined], 'may answer with writes'],
  ])('%s is refused', (_, answer, problem) => {
    expect(() => flattenWrites('e', answer)).toThrow(MaterializerInvalid)
    expect(() => flattenWrites('e', answer)).toThrow(problem)
  })
})

describe('scopes of tables', () => {
  const text = () => column.text().primaryKey()
  const synced = table('synced', { id: text() })
  const local = table('local', { id: text() }, { clientOnly: true })
  const both = defineSchema({ version: 1, tables: { synced, local }, events: {}, materializers: {} })
  const [ofSynced, ofClient] = [
    { name: 's', isClientOnly: false },
    { name: 'c', isClientOnly: true },
  ]

  test.each([
    [ofSynced, { reads: ['synced'], writes: ['synced'] }, true],
    [ofSynced, { reads: ['local'], writes: ['synced'] }, false],
    [ofSynced, { reads: [], writes: ['local'] }, false],
    [ofClient, { reads: ['synced', 'local'], writes: ['local'] }, true],
    [ofClient, { reads: [], writes: ['synced'] }, false],
  ])('%j may touch %j: %j', (event, touched, isAllowed) => {
    const check = () => checkTableScope(both, event, touched)
    if (isAllowed) expect(check).not.toThrow()
    else expect(check).toThrow(MaterializerInvalid)
  })

  /** A client-only (or synced) child of `parent`, with the given actions. */
  const child = (parent: typeof synced, clientOnly: boolean, actions: object, nullable = true) => {
    const key = column.text().references(() => parent.columns.id, actions)
    return table(
      'child',
      { id: text(), parent: nullable ? key.nullable() : key } as { id: ReturnType<typeof text>; parent: typeof key },
      { clientOnly },
    )
  }
  const define = (...tables: ReadonlyArray<{ readonly name: string; readonly definition: never } | object>) =>
    defineSchema({
      version: 1,
      tables: Object.fromEntries(tables.map((t) => [(t as { name: string }).name, t as never])),
      events: {},
      materializers: {},
    })

  test('a synced table references no client-only one', () => {
    expect(() => define(local, child(local as never, false, { onDelete: 'CASCADE', onUpdate: 'CASCADE' }))).toThrow(
      'clients would diverge',
    )
  })

  test.each([
    [{}, true],
    [{ onDelete: 'CASCADE' }, true],
    [{ onUpdate: 'CASCADE' }, true],
    [{ onDelete: 'RESTRICT', onUpdate: 'CASCADE' }, true],
    [{ onDelete: 'CASCADE', onUpdate: 'CASCADE' }, false],
    [{ onDelete: 'SET NULL', onUpdate: 'SET NULL' }, false],
  ])('a client-only table references a synced one with %j: refused %j', (actions, isRefused) => {
    const build = () => define(synced, child(synced, true, actions))
    if (isRefused) expect(build).toThrow('must be CASCADE or SET NULL')
    else expect(build).not.toThrow()
  })

  test('what a cascade reaches may not refuse either', () => {
    const middle = child(synced, true, { onDelete: 'CASCADE', onUpdate: 'CASCADE' })
    const leaf = (actions: object) =>
      table(
        'leaf',
        { id: text(), child: column.text().references(() => middle.columns.id, actions) },
        { clientOnly: true },
      )
    expect(() => define(synced, middle, leaf({}))).toThrow('must be CASCADE or SET NULL')
    expect(() => define(synced, middle, leaf({ onDelete: 'CASCADE', onUpdate: 'CASCADE' }))).not.toThrow()
    expect(() => define(local, child(local as never, true, {}))).not.toThrow()
  })

  test('SET NULL needs a nullable column', () => {
    expect(() => define(synced, child(synced, false, { onDelete: 'SET NULL' }, false))).toThrow(
      'SET NULL needs a nullable column',
    )
  })
})

describe('references', () => {
  test('order tables, through cycles and to themselves', () => {
    const key = () => column.text().primaryKey()
    type Text = ColumnReference<string>
    const c = table('c', { id: key(), b: column.text().references((): Text => b.columns.id) })
    const b = table('b', {
      id: key(),
      a: column
        .text()
        .nullable()
        .references((): Text => a.columns.id),
    })
    const a = table('a', {
      id: key(),
      b: column
        .text()
        .nullable()
        .references((): Text => b.columns.id),
      self: column
        .text()
        .nullable()
        .references((): Text => a.columns.id),
    })
    const defined = defineSchema({ version: 1, tables: { c, b, a }, events: {}, materializers: {} })
    expect(defined.descriptor.tables.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    const db = openDatabase(defined)
    db.run(a.insert({ id: '1' }), b.insert({ id: '1', a: '1' }), a.update({ b: '1', self: '1' }).where({ id: '1' }))
    expect(db.query(a.all())).toEqual([{ id: '1', b: '1', self: '1' }])
  })

  test('to what cannot be a key are refused', () => {
    const parent = table('parent', { id: column.text().primaryKey(), n: column.integer(), name: column.text() })
    const to = (reference: never) => {
      const build = table('child', { x: column.text().references(() => reference) })
      return () => defineSchema({ version: 1, tables: { parent, child: build }, events: {}, materializers: {} })
    }
    expect(to({ table: 'nope', name: 'id' } as never)).toThrow('not in the schema')
    expect(to({ table: 'parent', name: 'nope' } as never)).toThrow('not in the schema')
    expect(to(parent.columns.name as never)).toThrow('neither a primary key nor unique')
    expect(to({ table: 'parent', name: 'n' } as never)).toThrow('neither a primary key nor unique')
    // @ts-expect-error another type
    column.integer().references(() => parent.columns.id)
  })
})
