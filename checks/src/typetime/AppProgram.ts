/**
 * An app of a size, as text: tables, events, materializers, and code that reads and commits them. And the same events
 * without Headwater, as plain schemas of Effect, so that what our types cost is told apart from what any would.
 */

export interface AppSize {
  readonly tables: number
  /** Spread evenly over the tables. */
  readonly events: number
}

const range = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)

/** Seven columns of every type, one of them a reference. */
const table = (index: number): string => `export const table${index} = table('table${index}', {
  id: column.text().primaryKey(),
  parent: column.text().nullable(),
  title: column.text().default(''),
  amount: column.real(),
  count: column.integer(),
  done: column.boolean().default(false),
  at: column.datetime().nullable(),
})
`

/** Each kind of event in turn: a new row, a change of it, a change that reads, an end. */
const kinds = [
  {
    fields:
      'id: Schema.String, title: Schema.String, amount: Schema.Number, count: Schema.Int, tags: Schema.Array(Schema.String)',
    materializer: (name: string) => `({ id, title, amount, count }) => ${name}.insert({ id, title, amount, count })`,
    commit: "{ id: '1', title: 'a', amount: 1.5, count: 2, tags: [] }",
  },
  {
    fields: 'id: Schema.String, title: Schema.optionalKey(Schema.String), done: Schema.Boolean',
    materializer: (name: string) => `({ id, done }) => ${name}.update({ done }).where({ id })`,
    commit: "{ id: '1', done: true }",
  },
  {
    fields: "id: Schema.String, by: Schema.Number, kind: Schema.Literals(['up', 'down'])",
    materializer: (name: string) =>
      `({ id, by }, { query }) => query(${name}.where({ id })).map((row) => ${name}.update({ count: row.count + by }).where({ id }))`,
    commit: "{ id: '1', by: 1, kind: 'up' }",
  },
  {
    fields: 'id: Schema.String, reason: Schema.NullOr(Schema.String)',
    materializer: (name: string) => `({ id }) => ${name}.delete().where({ id })`,
    commit: "{ id: '1', reason: null }",
  },
] as const

const kindOf = (event: number, { tables }: AppSize) => kinds[Math.floor(event / tables) % kinds.length]!

const event = (index: number, size: AppSize): string =>
  `export const event${index} = defineEvent('event${index}', Schema.Struct({ ${kindOf(index, size).fields} }))\n`

/** **Shape**  text by file name. */
export const headwaterProgram = (size: AppSize): Readonly<Record<string, string>> => {
  const tables = range(size.tables)
  const events = range(size.events)
  const materializers = events.map((index) => {
    const body = kindOf(index, size).materializer(`tables.table${index % size.tables}`)
    return `    event${index}: ${body},`
  })
  return {
    'tables.ts': `import { column, table } from '@headwater/core'\n\n${tables.map(table).join('\n')}`,
    'events.ts': `import { defineEvent, Schema } from '@headwater/core'\n\n${events.map((each) => event(each, size)).join('')}`,
    'schema.ts': [
      `import { defineSchema } from '@headwater/core'`,
      `import * as events from './events.ts'`,
      `import * as tables from './tables.ts'`,
      '',
      'export const schema = defineSchema({',
      '  version: 1,',
      '  tables,',
      '  events,',
      '  materializers: {',
      ...materializers,
      '  },',
      '})',
      '',
    ].join('\n'),
    'app.ts': [
      `import type { Row, Store } from '@headwater/core'`,
      `import * as events from './events.ts'`,
      `import * as tables from './tables.ts'`,
      '',
      'export const commitAll = (store: Store): void => {',
      ...events.map((index) => `  store.commit(events.event${index}(${kindOf(index, size).commit}))`),
      '}',
      '',
      ...tables.flatMap((index) => [
        `export const read${index} = (store: Store): ReadonlyArray<Row<typeof tables.table${index}>> =>`,
        `  store.query(tables.table${index}.where({ done: false, count: { '>': 1 } }).orderBy('title').limit(10))`,
        `export const count${index} = (store: Store): number => store.query(tables.table${index}.where({ parent: '1' }).count())`,
      ]),
      '',
    ].join('\n'),
  }
}

/** The least that any app with typed events has: a schema per event, and a value of its type. */
export const plainProgram = (size: AppSize): Readonly<Record<string, string>> => {
  const lines = range(size.events).map((index) => {
    const { fields, commit } = kindOf(index, size)
    return `export const event${index} = Schema.Struct({ ${fields} })\nexport const value${index}: typeof event${index}.Type = ${commit}\n`
  })
  return { 'events.ts': `import * as Schema from 'effect/Schema'\n\n${lines.join('')}` }
}
