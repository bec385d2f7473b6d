import {
  createStore,
  QueryInvalid,
  QueryNotInSchema,
  Schema,
  sql,
  SqliteError,
  type Store,
  table,
  column,
  UnknownColumn,
} from '@headwater/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { memoryAdapter } from '../../../adapter-node/src/MemoryAdapter.ts'
import type { RowChange } from '../../src/sqlite/RowChange.ts'
import { LiveQueries } from '../../src/store/LiveQueries.ts'
import { schema, todoCreated, todoDone, todoRenamed, todos } from '../engine/Todos.ts'

let store: Store
let logged: Array<string>
beforeEach(async () => {
  logged = []
  store = await createStore({
    schema,
    storeId: 'live',
    adapter: memoryAdapter(),
    log: ({ fields }) => logged.push(String(fields?.['error'])),
  })
})
afterEach(() => store.close())

const create = (...ids: ReadonlyArray<string>): void => {
  for (const id of ids) store.commit(todoCreated({ id, text: id }))
}

describe('subscribers that commit, throw, come and go', () => {
  test('a count that is subscribed to between a commit and its refresh counts that commit once', () => {
    const counts: Array<number> = []
    store.subscribe(todos.orderBy('id'), (rows) => {
      if (rows.length !== 1) return
      store.commit(todoCreated({ id: '2', text: 'b' }))
      store.subscribe(todos.count(), (count) => counts.push(count))
    })
    create('1')
    expect(counts).toEqual([2])
    create('3')
    expect(counts).toEqual([2, 3])
  })

  test('whoever is told sees every query as it is now, also what an earlier one has committed', () => {
    const told: Array<string> = []
    store.subscribe(todos.count(), (count) => {
      told.push(`count ${count}`)
      if (count === 1) create('2')
    })
    store.subscribe(todos.orderBy('id'), (rows) => told.push(`rows ${rows.map(({ id }) => id).join('')}`))
    store.subscribe(sql`SELECT max(id) AS id FROM todos`.as(Schema.Unknown), (rows) =>
      told.push(`max ${(rows[0] as { id: string | null }).id}`),
    )
    told.length = 0
    create('1')
    expect(told).toEqual(['count 1', 'rows 12', 'max 2', 'count 2'])
  })

  test('two commits that are heard of at once: their changes in one, nothing if they cancel out', () => {
    create('b', 'd')
    let isFirst = true
    store.subscribe(todos.count(), (count) => {
      if (count !== 3 || !isFirst) return
      isFirst = false
      store.commit(todoRenamed({ id: 'b', text: 'x' }), todoDone({ id: 'a' }))
      store.commit(todoRenamed({ id: 'b', text: 'b' }), todoRenamed({ id: 'd', text: 'e' }))
    })
    const before: Array<string> = []
    const told: Array<unknown> = []
    store.subscribeChanges(todos.orderBy('id'), ({ changes }) => {
      for (const change of changes ?? []) {
        if ('before' in change) before.push(change.before.text)
        told.push(`${change.kind} ${change.row.text}`)
      }
    })
    store.subscribe(todos.where({ id: 'b' }), ([row]) => told.push(`b ${row?.text}`))
    store.subscribe(todos.where({ id: 'b' }).first(), (row) => told.push(`first ${row?.text}`))
    create('a')
    expect(told).toEqual(['b b', 'first b', 'insert a', 'update b', 'update e'])
    expect(before).toEqual(['b', 'd'])
  })

  test('one that throws is logged; the others hear', () => {
    const counts: Array<number> = []
    store.subscribe(todos.count(), () => {
      throw new Error('mine')
    })
    store.subscribe(todos.count(), (count) => counts.push(count))
    store.subscribe(todos.where({ id: '1' }).count(), (count) => counts.push(10 + count))
    create('1')
    expect(counts).toEqual([0, 10, 1, 11])
    expect(logged).toEqual(['Error: mine', 'Error: mine'])
  })

  test('args that a subscriber’s commit was refused for are not logged', () => {
    store.subscribe(todos.count(), () => void store.commit(todoCreated({ id: 'secret', text: 5 as never })))
    expect(logged).toEqual(['InvalidEventArgs'])
  })

  test('one that has left hears nothing more, also of what is being told', () => {
    const told: Array<string> = []
    let leave = (): void => undefined
    store.subscribe(todos.count(), (count) => {
      told.push(`first ${count}`)
      leave()
    })
    leave = store.subscribe(todos.count(), (count) => told.push(`second ${count}`))
    create('1')
    leave()
    create('2')
    expect(told).toEqual(['first 0', 'second 0', 'first 1', 'first 2'])
  })

  test('one that comes while others are told hears the present answer once', () => {
    const told: Array<number> = []
    let isFirst = true
    store.subscribe(todos.orderBy('id'), (rows) => {
      if (rows.length === 1 && isFirst) {
        isFirst = false
        create('2')
        store.subscribe(todos.orderBy('id'), (all) => told.push(all.length))
      }
    })
    create('1')
    expect(told).toEqual([2])
  })

  test('a count that a snapshot runs anew counts a commit that comes behind it once', () => {
    let count = 1
    const added = {
      kind: 'insert',
      table: { name: 'todos', columns: [{}, {}, {}], primaryKey: ['id'] },
      before: undefined,
      after: ['2', 'b', 0n, 2n],
    } as unknown as RowChange
    const live = new LiveQueries({
      run: () => ({ rows: [[count]], columns: ['count'] }),
      readsOf: () => new Map(),
      isDeclared: () => true,
      onError: (error) => {
        throw error
      },
    })
    let isCommitted = true
    live.subscribe(todos.limit(5).count(), () => {
      if (isCommitted) return
      isCommitted = true
      count++
      live.refresh([() => [added]])
    })
    const counts: Array<number> = []
    live.subscribe(todos.count(), (answer) => counts.push(answer))
    isCommitted = false
    count = 4
    live.refresh('everything')
    expect(counts).toEqual([1, 5])
  })

  test('a closed store tells nobody and takes no subscriber', async () => {
    const counts: Array<number> = []
    store.subscribe(todos.count(), (count) => counts.push(count))
    await store.close()
    expect(() => store.subscribe(todos.count(), () => undefined)).toThrow('closed')
    expect(counts).toEqual([0])
  })
})

describe('answers', () => {
  test('rows that a commit leaves alone stay the same objects, in every subscription', () => {
    create('1', '2', '3')
    const answers: Array<ReadonlyArray<unknown>> = []
    store.subscribe(todos.orderBy('id'), (rows) => answers.push(rows))
    store.subscribe(todos.orderBy('id'), (rows) => answers.push(rows))
    store.subscribe(sql`SELECT * FROM todos ORDER BY id DESC`.as(Schema.Unknown), (rows) => answers.push(rows))
    const before = answers.splice(0)
    store.commit(todoRenamed({ id: '2', text: 'x' }))
    expect(answers).toHaveLength(3)
    for (const [index, after] of answers.entries())
      expect(after.map((row, at) => row === before[index]?.[at])).toEqual([true, false, true])
    expect(answers[1]).toBe(answers[0])
  })

  test('changes: moved, updated, inserted; the list of before is as it was', () => {
    create('b', 'd', 'f')
    const updates: Array<{ readonly rows: string; readonly changes: unknown }> = []
    store.subscribeChanges(todos.orderBy('text'), ({ rows, changes }) => {
      updates.push({
        rows: rows
          .slice()
          .map(({ text }) => text)
          .join(''),
        changes: changes?.map((change) => ({ ...change, row: change.row.text, before: undefined })),
      })
    })
    store.commit(todoRenamed({ id: 'b', text: 'e' }))
    store.commit(todoDone({ id: 'd' }), todoCreated({ id: 'a', text: 'a' }))
    expect(updates).toEqual([
      { rows: 'bdf', changes: undefined },
      { rows: 'def', changes: [{ kind: 'move', from: 0, to: 1, row: 'e' }] },
      {
        rows: 'adef',
        changes: [
          { kind: 'insert', to: 0, row: 'a' },
          { kind: 'update', from: 0, to: 1, row: 'd' },
        ],
      },
    ])
  })

  test('a commit that a query does not see is not told of', () => {
    create('1')
    let told = 0
    const tell = (): void => void told++
    store.subscribe(todos.select('id'), tell)
    store.subscribe(todos.where({ done: true }), tell)
    store.subscribe(todos.where({ id: 'x' }).first(), tell)
    store.subscribe(sql`SELECT id, done FROM todos`.as(Schema.Unknown), tell)
    told = 0
    store.commit(todoRenamed({ id: '1', text: 'x' }))
    expect(told).toBe(0)
  })

  test('rows of raw SQL that others push aside stay the same objects', () => {
    create('1', '2', '3')
    const answers: Array<ReadonlyArray<unknown>> = []
    store.subscribe(sql`SELECT text FROM todos ORDER BY id DESC`.as(Schema.Unknown), (rows) => answers.push(rows))
    create('4')
    expect(answers[1]?.slice(1).map((row, index) => row === answers[0]?.[index])).toEqual([true, true, true])
    store.commit(todoRenamed({ id: '4', text: '3' }))
    expect(answers[2]?.[0]).not.toBe(answers[2]?.[1])
    expect(answers[2]?.[1]).toBe(answers[1]?.[1])
  })

  test('changes of a window: what is updated in it is no removal', () => {
    create('1', '2', '3', '4')
    const kinds: Array<string> = []
    store.subscribeChanges(todos.orderBy('id').limit(3), ({ changes }) =>
      kinds.push(...(changes ?? []).map(({ kind, row }) => `${kind} ${row.id}`)),
    )
    store.commit(todoRenamed({ id: '2', text: 'x' }))
    expect(kinds).toEqual(['update 2'])
    create('0')
    expect(kinds.slice(1)).toEqual(['remove 3', 'insert 0'])
  })

  test('a row that has one listed value after the other is changed once', () => {
    create('a', 'b')
    const answers: Array<string> = []
    store.subscribe(todos.where({ text: { in: ['a', 'b', 'c'] } }).orderBy('text'), (rows) =>
      answers.push(rows.map(({ text }) => text).join('')),
    )
    store.commit(todoRenamed({ id: 'a', text: 'c' }))
    store.commit(todoRenamed({ id: 'a', text: 'd' }))
    store.commit(todoRenamed({ id: 'a', text: 'a' }))
    expect(answers).toEqual(['ab', 'bc', 'b', 'ab'])
    expect(logged).toEqual([])
  })

  test('a window over a table that has grown, and shrinks again', () => {
    const ids = Array.from({ length: 200 }, (_, index) => String(1000 + index))
    let page = ''
    store.subscribe(todos.where({ done: false }).orderBy('id', 'desc').limit(2), (rows) => {
      page = rows.map(({ id }) => id).join()
    })
    create(...ids)
    for (const [index, id] of ids.toReversed().entries()) {
      expect(page).toBe(
        ids
          .toReversed()
          .slice(index, index + 2)
          .join(),
      )
      store.commit(todoDone({ id }))
    }
    expect(page).toBe('')
  })

  test('a table whose changes cannot be told row by row is read again', () => {
    let rows: ReadonlyArray<ReadonlyArray<string | number>> = [['1', 'a', 0, 1]]
    const table = { name: 'todos', columns: [{}, {}, {}], primaryKey: ['id'] }
    const update = (before: string, after: string) =>
      ({ kind: 'update', table, before: ['1', before, 0n, 1n], after: ['1', after, 0n, 1n] }) as unknown as RowChange
    const live = new LiveQueries({
      run: () => ({ rows, columns: [] }),
      readsOf: () => new Map(),
      isDeclared: () => true,
      onError: (error) => {
        throw error
      },
    })
    const texts: Array<string | undefined> = []
    live.subscribe(todos.where({ id: '1' }), ([row]) => texts.push(row?.text))
    live.subscribe(todos.where({ text: { '!=': 'x' } }), ([row]) => texts.push(row?.text))
    rows = [['1', 'e', 0, 1]]
    live.refresh([() => [update('a', 'b'), update('c', 'd'), update('c', 'e')]])
    expect(texts).toEqual(['a', 'a', 'e', 'e'])
  })

  test('first, a window that runs short, a count with a limit', () => {
    create(...Array.from({ length: 60 }, (_, index) => String(index + 100)))
    const first: Array<string | undefined> = []
    const page: Array<string> = []
    store.subscribe(todos.where({ done: false }).orderBy('id').first(), (row) => first.push(row?.id))
    store.subscribe(todos.where({ done: false }).orderBy('id').offset(1).limit(2), (rows) =>
      page.push(rows.map(({ id }) => id).join()),
    )
    for (let id = 100; id < 160; id++) store.commit(todoDone({ id: String(id) }))
    expect(first).toEqual([...Array.from({ length: 60 }, (_, index) => String(index + 100)), undefined])
    expect(page.slice(0, 3)).toEqual(['101,102', '102,103', '103,104'])
    expect(page.slice(-3)).toEqual(['158,159', '159', ''])
  })
})

describe('bad input', () => {
  const other = table('nowhere', { id: column.text().primaryKey() })

  test('unknown columns and tables are refused with a typed error', () => {
    // @ts-expect-error unknown column
    expect(() => store.subscribe(todos.where({ nope: 1 }), () => undefined)).toThrow(UnknownColumn)
    expect(() => store.subscribe(sql`SELECT nope FROM todos`.as(Schema.Unknown), () => undefined)).toThrow(SqliteError)
    expect(() => store.subscribe(other.all(), () => undefined)).toThrow(QueryNotInSchema)
    expect(() => store.subscribe(other.count(), () => undefined)).toThrow(QueryNotInSchema)
  })

  test('only rows have changes', () => {
    expect(() => store.subscribeChanges(todos.count() as never, () => undefined)).toThrow(QueryInvalid)
    expect(() => store.subscribeChanges(todos.first() as never, () => undefined)).toThrow(QueryInvalid)
  })

  test('a row that does not fit its query is logged, and forgotten when it is gone', () => {
    const answers: Array<number> = []
    store.subscribe(sql`SELECT text FROM todos`.as(Schema.Struct({ text: Schema.Literal('ok') })), (rows) =>
      answers.push(rows.length),
    )
    store.subscribe(todos.count(), (count) => answers.push(10 + count))
    store.commit(todoCreated({ id: '1', text: 'no' }))
    expect(answers).toEqual([0, 10, 11])
    expect(logged[0]).toContain('RowInvalid')
    store.commit(todoRenamed({ id: '1', text: 'ok' }))
    expect(answers).toEqual([0, 10, 11, 1])
  })

  test('a table that is declared otherwise than in the schema is refused', () => {
    const swapped = table('todos', { text: column.text(), id: column.text().primaryKey() })
    expect(() => store.subscribe(swapped.where({ id: '1' }), () => undefined)).toThrow(QueryNotInSchema)
    expect(() => store.subscribeChanges(swapped.all(), () => undefined)).toThrow(QueryNotInSchema)
  })
})
