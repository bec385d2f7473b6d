/** The code of docs/queries.md: every block of it stands here, is compiled, and runs. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { column, createStore, defineEvent, defineSchema, Schema, sql, table } from '@headwater/core'
import { firstOf, kyselyOf, nullable, rowsOf } from '@headwater/core/kysely'
import { expect, expectTypeOf, test } from 'vitest'
import { memoryAdapter } from '../../../adapter-node/src/MemoryAdapter.ts'

const lists = table('lists', { id: column.text().primaryKey(), name: column.text() })
const todos = table('todos', {
  id: column.text().primaryKey(),
  listId: column.text().references(() => lists.columns.id),
  text: column.text(),
  done: column.boolean().default(false),
  dueAt: column.datetime().nullable(),
  minutes: column.integer().default(0),
})

const listAdded = defineEvent('listAdded', Schema.Struct({ id: Schema.String, name: Schema.String }))
const todoAdded = defineEvent(
  'todoAdded',
  Schema.Struct({ id: Schema.String, listId: Schema.String, text: Schema.String }),
)
const schema = defineSchema({
  version: 1,
  tables: { lists, todos },
  events: { listAdded, todoAdded },
  materializers: {
    listAdded: (list) => lists.insert(list),
    todoAdded: (todo) => todos.insert({ ...todo, dueAt: new Date(0) }),
  },
})

test('the code of docs/queries.md runs, and its comments are true', async () => {
  const store = await createStore({ schema, storeId: 'docs', adapter: memoryAdapter() })
  store.commit(listAdded({ id: 'home', name: 'At home' }))
  const shown: Array<unknown> = []
  const show = (value: unknown): void => void shown.push(structuredClone(value))
  const { signal, ...controller } = abortable()
  const render = (value: unknown): Promise<void> => {
    show(value)
    controller.abort()
    return Promise.resolve()
  }

  const open = todos.where({ done: false }).orderBy('dueAt').limit(50)
  const rows = store.query(open) // ReadonlyArray<{ id: string; …; dueAt: Date | null }>
  const one = store.query(todos.where({ id: '1' }).first()) // …or undefined
  const count = store.query(todos.where({ listId: 'home', dueAt: { '<': new Date() } }).count())
  expectTypeOf(rows[0]?.dueAt).toEqualTypeOf<Date | null | undefined>()
  expect([rows, one, count]).toEqual([[], undefined, 0])

  const total = store.query(todos.where({ done: false }).sum('minutes')) // number | null
  const next = store.query(todos.where({ done: false }).min('dueAt')) // Date | null
  expectTypeOf(total).toEqualTypeOf<number | null>()
  expectTypeOf(next).toEqualTypeOf<Date | null>()
  expect([total, next]).toEqual([null, null])

  const unsubscribe = store.subscribe(open, (todos) => show(todos)) // at once, then whenever the answer differs
  store.commit(todoAdded({ id: '1', listId: 'home', text: 'milk' })) // told before commit returns
  unsubscribe()
  const milk = { id: '1', listId: 'home', text: 'milk', done: false, dueAt: new Date(0), minutes: 0 }
  expect(shown.splice(0)).toEqual([[], [milk]])

  for await (const todos of store.results(open, { signal })) await render(todos)
  expect(shown.splice(0)).toEqual([[milk]])

  const selected = store.signal('home') // get, set, update, subscribe
  const visible = store.computed((read) => read(todos.where({ listId: read(selected) })))
  const title = store.computed((read) => `${read(visible).length} in ${read(selected)}`)

  store.subscribe(title, (text) => show(text))
  selected.set('work') // told before set returns
  title.get() // 0 in work
  expect(shown.splice(0)).toEqual(['1 in home', '0 in work'])

  const perList = sql`
    SELECT ${lists.columns.name}, count(*) AS n FROM ${todos} JOIN ${lists} ON lists.id = todos.listId
    WHERE done = ${false} GROUP BY lists.id`.as(Schema.Struct({ name: Schema.String, n: Schema.Int }))

  store.subscribe(perList, (rows) => show(rows))
  expect(shown.splice(0)).toEqual([[{ name: 'At home', n: 1 }]])

  const db = kyselyOf(schema)

  const summary = rowsOf(
    db
      .selectFrom('lists')
      .leftJoin('todos', 'todos.listId', 'lists.id')
      .groupBy('lists.id')
      .orderBy('lists.name')
      .select(({ fn }) => ['lists.name', fn.count<number>('todos.id').as('n'), fn.max('todos.dueAt').as('lastDueAt')]),
  )
  store.query(summary) // ReadonlyArray<{ name: string; n: number; lastDueAt: Date | null }>
  store.subscribe(summary, (rows) => show(rows))
  expectTypeOf(store.query(summary)[0]!).toEqualTypeOf<Readonly<{ name: string; n: number; lastDueAt: Date | null }>>()
  expect(shown.splice(0)).toEqual([[{ name: 'At home', n: 1, lastDueAt: new Date(0) }]])

  const latest = firstOf(
    // Over no rows `max` is NULL, which Kysely does not say: nullable(…) does.
    db.selectFrom('todos').select(({ fn }) => nullable(fn.max('dueAt')).as('at')),
  )
  expect(store.query(latest)).toEqual({ at: new Date(0) })
  await store.close()
})

const abortable = (): { readonly signal: AbortSignal; readonly abort: () => void } => {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}

test('every block of the page stands here, and its links lead somewhere', () => {
  const page = join(import.meta.dirname, '../../../../docs/queries.md')
  const text = readFileSync(page, 'utf8')
  const plain = (code: string): string => code.replaceAll(/\s+/g, ' ').trim()
  const here = plain(readFileSync(import.meta.filename, 'utf8'))
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code ?? '')
  expect(blocks.length).toBeGreaterThan(6)
  for (const block of blocks) for (const part of block.split('\n\n')) expect(here, part).toContain(plain(part))
  for (const [, target] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g))
    expect(existsSync(join(dirname(page), target ?? '')), target).toBe(true)
})
