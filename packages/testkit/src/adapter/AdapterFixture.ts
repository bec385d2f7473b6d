/** The app that adapters are tested with: entries that everybody has, marks of this client alone; in two versions. */
import { column, defineEvent, defineSchema, Schema, sql, type Store, table } from '@headwater/core'

const entries = table('entries', { id: column.text().primaryKey(), text: column.text() })
const entries2 = table('entries', {
  id: column.text().primaryKey(),
  text: column.text(),
  length: column.integer(),
})
const marks = table('marks', { id: column.text().primaryKey(), n: column.integer() }, { clientOnly: true })

export const entryAdded = defineEvent('entryAdded', Schema.Struct({ id: Schema.String, text: Schema.String }))
export const markSet = defineEvent('markSet', Schema.Struct({ id: Schema.String, n: Schema.Number }), {
  clientOnly: true,
})

const version1 = defineSchema({
  version: 1,
  tables: { entries, marks },
  events: { entryAdded, markSet },
  materializers: {
    entryAdded: ({ id, text }) => entries.insert({ id, text }),
    markSet: ({ id, n }) => marks.upsert({ id, n }),
  },
})

const version2 = defineSchema({
  version: 2,
  tables: { entries: entries2, marks },
  events: { entryAdded, markSet },
  materializers: {
    entryAdded: ({ id, text }) => entries2.insert({ id, text, length: text.length }),
    markSet: ({ id, n }) => marks.upsert({ id, n }),
  },
})

export type FixtureVersion = 1 | 2

export const schemaOf = (version: FixtureVersion) => (version === 1 ? version1 : version2)

/** In either version: a table object belongs to its schema, the name is the same in both. */
export const countEntries = (store: Store): number =>
  store.query(sql`SELECT count(*) AS number FROM entries`.as(Schema.Struct({ number: Schema.Number })))[0]!.number

const lines = Schema.Struct({ line: Schema.String })

/**
 * Both tables as text, in order of rowid, which is the order of the log: two sessions with the same text have the same
 * rows, in the same storage classes, made by the same events in the same order.
 */
export const dumpStore = (store: Store): string =>
  [
    ...store.query(
      sql`SELECT rowid || ' ' || quote(id) || ' ' || quote(text) AS line FROM entries ORDER BY rowid`.as(lines),
    ),
    ...store.query(
      sql`SELECT rowid || ' ' || quote(id) || ' ' || quote(n) AS line FROM marks ORDER BY rowid`.as(lines),
    ),
  ]
    .map(({ line }) => line)
    .join('\n')

/** The ids of all entries, in the order of the log. */
export const entryIds = (store: Store): ReadonlyArray<string> =>
  store.query(sql`SELECT id AS line FROM entries ORDER BY rowid`.as(lines)).map(({ line }) => line)
