import {
  createStore,
  defineEvent,
  QueryNotInSchema,
  Schema,
  SqlParameterInvalid,
  UnknownColumn,
  column,
  defineSchema,
  table,
} from '@headwater/core'
import { firstOf, kyselyOf, KyselyInvalid, nullable, rowsOf, UnknownTable } from '@headwater/core/kysely'
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely'
import { jsonArrayFrom } from 'kysely/helpers/sqlite'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { memoryAdapter } from '../../../adapter-node/src/MemoryAdapter.ts'
import { addList, addTodo, day, drivers, events, openShop, schema, todos } from './Shop.ts'

const db = kyselyOf(schema)
const big = 2n ** 60n

describe.each(drivers)('on %s', (_, open) => {
  test('columns come back as their kinds, through selectAll, aliases and joins', async () => {
    const store = await openShop(open)
    addList(store, 'a')
    addList(store, 'empty')
    addTodo(store, { id: '1', done: true, day: 3, size: big, weight: 1.5, tags: ['x'] })
    const all = rowsOf(db.selectFrom('todos').selectAll())
    expect(store.query(all)).toEqual(store.query(todos.all()))
    const joined = rowsOf(
      db
        .selectFrom('lists as l')
        .leftJoin('todos', 'todos.listId', 'l.id')
        .select(['l.id as list', 'l.name', 'todos.id', 'done as isDone', 'todos.createdAt', 'size', 'tags', 'image'])
        .orderBy('list'),
    )
    const rows = store.query(joined)
    expectTypeOf(rows[0]!).toEqualTypeOf<
      Readonly<{
        list: string
        name: string
        id: string | null
        isDone: boolean | null
        createdAt: Date | null
        size: bigint | null
        tags: ReadonlyArray<string> | null
        image: Uint8Array | null
      }>
    >()
    expect(rows).toEqual([
      { list: 'a', name: 'list a', id: '1', isDone: true, createdAt: day(3), size: big, tags: ['x'], image: null },
      {
        list: 'empty',
        name: 'list empty',
        id: null,
        isDone: null,
        createdAt: null,
        size: null,
        tags: null,
        image: null,
      },
    ])
  })

  test('values are bound as their columns store them', async () => {
    const store = await openShop(open)
    addTodo(store, { id: '1', done: true, day: 1, size: big, tags: ['x', 'y'] })
    addTodo(store, { id: '2', day: 2, tags: [] })
    const ids = (query: Parameters<typeof rowsOf<{ id: string }>>[0]): string =>
      store
        .query(rowsOf(query))
        .map(({ id }) => id)
        .join('')
    const from = db.selectFrom('todos').select('id').orderBy('id')
    expect(ids(from.where('done', '=', true))).toBe('1')
    expect(ids(from.where('done', 'in', [false, true]))).toBe('12')
    expect(ids(from.where('createdAt', '>', day(1)))).toBe('2')
    expect(ids(from.where('size', '=', big))).toBe('1')
    expect(ids(from.where('tags', '=', ['x', 'y']))).toBe('1')
    expect(ids(from.where('tags', 'in', [[], ['z']]))).toBe('2')
    expect(ids(from.where((eb) => eb(eb.val<ReadonlyArray<string>>([]), '=', eb.ref('tags'))))).toBe('2')
    expect(ids(from.where('weight', 'is', null).limit(1).offset(1))).toBe('2')
    expect(ids(from.where((eb) => eb.between('createdAt', day(2), day(9))))).toBe('2')
    expect(ids(from.where('createdAt', '<', sql.lit(day(2))))).toBe('1')
    expect(() => rowsOf(from.where('id', '=', 'a\0'))).toThrow(SqlParameterInvalid)
  })

  test('aggregates, groups, having, windows', async () => {
    const store = await openShop(open)
    addTodo(store, { id: '1', day: 1, size: 2n, done: true })
    addTodo(store, { id: '2', day: 5, size: big })
    addTodo(store, { id: '3', listId: 'b', day: 2, weight: 2 })
    const groups = rowsOf(
      db
        .selectFrom('todos')
        .groupBy('listId')
        .having((eb) => eb.fn.countAll(), '>', 0)
        .orderBy('listId')
        .select(({ fn }) => [
          'listId',
          fn.countAll<number>().as('n'),
          fn.max('createdAt').as('latest'),
          fn.min('done').as('isAllDone'),
          fn.sum('size').as('size'),
          fn.max('size').as('largest'),
          fn.max('weight').as('weight'),
        ]),
    )
    const rows = store.query(groups)
    expectTypeOf(rows[0]!).toEqualTypeOf<
      Readonly<{
        listId: string
        n: number
        latest: Date
        isAllDone: boolean
        size: string | number | bigint
        largest: bigint
        weight: number | null
      }>
    >()
    expect(rows).toEqual([
      { listId: 'a', n: 2, latest: day(5), isAllDone: false, size: big + 2n, largest: big, weight: null },
      { listId: 'b', n: 1, latest: day(2), isAllDone: false, size: 0, largest: 0n, weight: 2 },
    ])
    const none = firstOf(
      db
        .selectFrom('todos')
        .where('id', '=', 'no')
        .select(({ fn, eb }) => [
          nullable(fn.max('createdAt')).as('latest'),
          fn.coalesce(fn.sum<number>('weight'), eb.val(0)).as('weight'),
          fn.coalesce(fn.max('done'), eb.val(false)).as('isDone'),
        ]),
    )
    const row = store.query(none)
    expectTypeOf(row).toEqualTypeOf<Readonly<{ latest: Date | null; weight: number; isDone: boolean }> | undefined>()
    expect(row).toEqual({ latest: null, weight: 0, isDone: false })
    const windows = rowsOf(
      db
        .selectFrom('todos')
        .orderBy('id')
        .select(({ fn }) =>
          fn
            .max('createdAt')
            .over((over) => over.partitionBy('listId'))
            .as('latest'),
        ),
    )
    expect(store.query(windows)).toEqual([{ latest: day(5) }, { latest: day(5) }, { latest: day(2) }])
  })

  test('sub-queries, common table expressions, recursion, unions', async () => {
    const store = await openShop(open)
    addList(store, 'a')
    addList(store, 'b', 'a')
    addList(store, 'c', 'b')
    addTodo(store, { id: '1', listId: 'c', day: 7, done: true })
    const nested = rowsOf(
      db
        .with('old', (qb) => qb.selectFrom('todos').select(['listId', 'createdAt as at', 'done']))
        .selectFrom((eb) => eb.selectFrom('old').selectAll().as('o'))
        .innerJoin('lists', 'lists.id', 'o.listId')
        .select((eb) => [
          'lists.name',
          'o.at',
          'o.done',
          eb.selectFrom('todos').select('createdAt').whereRef('todos.listId', '=', 'lists.id').limit(1).as('first'),
          eb.exists(eb.selectFrom('todos').select('id').whereRef('todos.listId', '=', 'lists.id')).as('hasAny'),
          eb.case().when('o.done', '=', true).then(eb.ref('o.at')).end().as('doneAt'),
        ]),
    )
    const rows = store.query(nested)
    expectTypeOf(rows[0]!.first).toEqualTypeOf<Date | null>()
    expectTypeOf(rows[0]!.doneAt).toEqualTypeOf<Date | null>()
    expect(rows).toEqual([{ name: 'list c', at: day(7), done: true, first: day(7), hasAny: 1, doneAt: day(7) }])
    const path = rowsOf(
      db
        .withRecursive('path', (qb) =>
          qb
            .selectFrom('lists')
            .select(['id', 'parentId'])
            .where('id', '=', 'c')
            .unionAll(
              qb
                .selectFrom('lists')
                .innerJoin('path', 'path.parentId', 'lists.id')
                .select(['lists.id', 'lists.parentId']),
            ),
        )
        .selectFrom('path')
        .select('id'),
    )
    expect(store.query(path)).toEqual([{ id: 'c' }, { id: 'b' }, { id: 'a' }])
    const union = rowsOf(
      db.selectFrom('todos').select('createdAt as x').union(db.selectFrom('todos').select('createdAt as x')),
    )
    expect(store.query(union)).toEqual([{ x: day(7) }])
    const renamed = rowsOf(
      db
        .with('t(at, isDone)', (qb) => qb.selectFrom('todos').select(['createdAt as at', 'done as isDone']))
        .selectFrom('t')
        .selectAll(),
    )
    expect(store.query(renamed)).toEqual([{ at: day(7), isDone: true }])
  })

  test('literals, arithmetic, comparisons', async () => {
    const store = await openShop(open)
    addTodo(store, { id: '1', day: 1, size: 5n, weight: null })
    const row = store.query(
      firstOf(
        db
          .selectFrom('todos')
          .select((eb) => [
            eb.val(true).as('yes'),
            eb.lit(false).as('no'),
            eb.val(big).as('big'),
            eb.val('x').as('x'),
            eb('createdAt', '+', day(1)).as('tomorrow'),
            eb('size', '*', 2n).as('double'),
            eb(eb('size', '+', 1n), '*', eb('size', '-', 2n)).as('product'),
            eb(eb('id', '=', '1'), 'is', eb('id', '=', '2')).as('isNeither'),
            eb('id', '=', '1').as('isFirst'),
            nullable(eb('weight', '>', 1)).as('isHeavy'),
            eb.not('done').as('isOpen'),
            eb('text', '||', '!').as('loud'),
            sql<number>`length(${eb.ref('text')})`.as('length'),
          ]),
      ),
    )
    expect(row).toEqual({
      yes: true,
      no: false,
      big,
      x: 'x',
      tomorrow: day(2),
      double: 10n,
      product: 18n,
      isNeither: 0,
      isFirst: 1,
      isHeavy: null,
      isOpen: true,
      loud: 'todo 1!',
      length: 6,
    })
  })

  test('live: it hears of every table it reads, and of nothing else', async () => {
    const store = await openShop(open)
    addList(store, 'a')
    const counts = rowsOf(
      db
        .selectFrom('lists')
        .leftJoin('todos', (join) => join.onRef('todos.listId', '=', 'lists.id').on('done', '=', false))
        .groupBy('lists.id')
        .orderBy('lists.id')
        .select(({ fn }) => ['lists.id', fn.count<number>('todos.id').as('n')]),
    )
    const seen: Array<string> = []
    store.subscribe(counts, (rows) => seen.push(rows.map(({ id, n }) => `${id}${n}`).join(' ')))
    addTodo(store, { id: '1' })
    addTodo(store, { id: '2', done: true })
    addList(store, 'b')
    store.commit(events.todoRemoved({ id: '1' }))
    expect(seen).toEqual(['a0', 'a1', 'a1 b0', 'a0 b0'])
    const total = store.computed((read) => read(counts).reduce((sum, { n }) => sum + n, 0))
    expect(total.get()).toBe(0)
    addTodo(store, { id: '3', listId: 'b' })
    expect(store.query(total)).toBe(1)
  })
})

test('a materializer reads with it, too', async () => {
  const counts = table('counts', { listId: column.text().primaryKey(), n: column.integer() })
  const items = table('items', { id: column.text().primaryKey(), listId: column.text(), done: column.boolean() })
  const itemAdded = defineEvent('itemAdded', Schema.Struct({ id: Schema.String, listId: Schema.String }))
  const reads = kyselyOf({ tables: { counts, items } })
  const store = await createStore({
    schema: defineSchema({
      version: 1,
      tables: { counts, items },
      events: { itemAdded },
      materializers: {
        itemAdded: ({ id, listId }, { query }) => {
          const before = reads.selectFrom('items').where('listId', '=', listId).where('done', '=', false)
          const { n } = query(firstOf(before.select(({ fn }) => fn.countAll<number>().as('n')))) ?? { n: 0 }
          return [items.insert({ id, listId, done: false }), counts.upsert({ listId, n: n + 1 })]
        },
      },
    }),
    storeId: 'materializer',
    adapter: memoryAdapter(),
  })
  for (const id of ['1', '2', '3']) store.commit(itemAdded({ id, listId: id === '3' ? 'b' : 'a' }))
  expect(store.query(rowsOf(reads.selectFrom('counts').selectAll().orderBy('listId')))).toEqual([
    { listId: 'a', n: 2 },
    { listId: 'b', n: 1 },
  ])
  await store.close()
  expect(() => kyselyOf({ tables: { other: items } })).toThrow('use its own name')
})

test('a builder is compiled once', () => {
  const builder = db.selectFrom('todos').select('id')
  expect(rowsOf(builder)).toBe(rowsOf(builder))
  expect(firstOf(builder)).toBe(firstOf(builder))
  expect(rowsOf(builder).sql).toBe('select "id" from "todos"')
})

test('what the type would be wrong about is refused, with what to write instead', () => {
  const from = db.selectFrom('todos')
  const refused = (builder: Parameters<typeof rowsOf>[0], problem: string): void => {
    expect(() => rowsOf(builder)).toThrow(KyselyInvalid)
    expect(() => rowsOf(builder)).toThrow(problem)
  }
  refused(
    from.select(({ fn }) => fn.max('createdAt').as('latest')),
    "select nullable(…).as('latest')",
  )
  refused(
    from.select(({ fn }) => fn.sum('weight').as('sum')),
    'may be NULL',
  )
  refused(
    from.groupBy('listId').select(({ fn }) => fn.max('createdAt').filterWhere('done', '=', true).as('x')),
    'may be NULL',
  )
  refused(
    from.select((eb) => eb('weight', '>', 1).as('x')),
    'may be NULL',
  )
  refused(
    db
      .selectFrom('lists')
      .leftJoin('todos', 'todos.listId', 'lists.id')
      .select((eb) => eb('todos.done', '=', true).as('x')),
    'may be NULL',
  )
  refused(
    from.rightJoin('lists', 'lists.id', 'todos.listId').select((eb) => eb('todos.done', '=', true).as('x')),
    'may be NULL',
  )
  refused(
    from.select((eb) => eb('size', '/', 2n).as('x')),
    'may be NULL',
  )
  refused(
    from.select((eb) => eb('done', '+', true).as('x')),
    'does not answer boolean',
  )
  refused(
    from.select((eb) => eb.fn.coalesce('weight', 'done').as('x')),
    'sometimes number, sometimes boolean',
  )
  refused(
    from.select((eb) => eb.ref('tags', '->>').at(0).as('x')),
    'parts of JSON',
  )
  refused(
    from.select((eb) => eb.val<unknown>({}).as('x')),
    'SQLite does not have',
  )
  refused(
    db.selectFrom('lists').select((eb) => jsonArrayFrom(eb.selectFrom('todos').select('todos.done')).as('x')),
    'JSON helpers',
  )
  refused(db.selectFrom('lists').innerJoin('todos', 'listId', 'lists.id').selectAll(), 'two columns "id"')
  refused(from.select(['id', 'text']).union(db.selectFrom('todos').select(['text', 'id'])), 'different orders')
  refused(from.select(['createdAt as x']).union(from.select('done as x') as never), 'sometimes datetime')
  refused(db.selectFrom(sql<{ a: number }>`(select 1 as a)`.as('raw')).selectAll(), 'name the columns')
  expect(rowsOf(db.selectFrom(sql<{ a: number }>`(select 1 as a)`.as('raw')).select('a')).params).toEqual([])
})

test('unknown names are type errors and typed errors', () => {
  // @ts-expect-error -- no such table
  expect(() => rowsOf(db.selectFrom('todo').selectAll())).toThrow(UnknownTable)
  // @ts-expect-error -- no such column
  expect(() => rowsOf(db.selectFrom('todos').select('titel'))).toThrow(UnknownColumn)
  // @ts-expect-error -- no such column
  expect(() => rowsOf(db.selectFrom('todos').select('id').where('titel', '=', 'x'))).toThrow(UnknownColumn)
  // @ts-expect-error -- no such column
  expect(() => rowsOf(db.selectFrom('todos').select('id').orderBy('titel'))).toThrow(UnknownColumn)
  const join = db.selectFrom('todos').innerJoin('lists', 'lists.id', 'listId')
  // @ts-expect-error -- no such table here
  expect(() => rowsOf(join.select('list.name'))).toThrow(UnknownTable)
  // @ts-expect-error -- a boolean
  expect(rowsOf(db.selectFrom('todos').select('id').where('done', '=', 'yes')).params).toEqual(['yes'])
})

test('what writes, is executed by itself, or is of another Kysely or schema is refused', async () => {
  const whole = db as unknown as Kysely<{ todos: { id: string } }>
  expect(() => rowsOf(whole.deleteFrom('todos'))).toThrow('it writes')
  expect(() => rowsOf(whole.insertInto('todos').values({ id: '1' }))).toThrow('it writes')
  expect(() =>
    rowsOf(
      db
        .with('gone', (qb) => qb.deleteFrom('todos').returning('id'))
        .selectFrom('gone')
        .select('id'),
    ),
  ).toThrow('it writes')
  // @ts-expect-error -- selects only
  expect(db.insertInto).toBeTypeOf('function')
  await expect(db.selectFrom('todos').selectAll().execute()).rejects.toThrow('store.query(rowsOf(…))')
  const foreign = new Kysely<{ todos: { id: string } }>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (kysely) => new SqliteIntrospector(kysely),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
  expect(() => rowsOf(foreign.selectFrom('todos').select('id'))).toThrow('kyselyOf(schema)')
  const done = table('todos', { id: column.text().primaryKey(), done: column.text() })
  const other = kyselyOf(defineSchema({ version: 1, tables: { todos: done }, events: {}, materializers: {} }))
  const store = await openShop(drivers[0]![1])
  const query = rowsOf(other.selectFrom('todos').select('done'))
  expect(() => store.query(query)).toThrow(QueryNotInSchema)
  expect(() => store.subscribe(query, () => undefined)).toThrow(QueryNotInSchema)
})
