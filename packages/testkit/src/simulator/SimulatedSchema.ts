/**
 * The app of the simulation in two versions: small tables on which everything that goes wrong shows. The order of events
 * matters (`mix`), inserts collide (`claim`), a row's fate decides whether later events apply (`strict`), a client-only
 * table is beside them. The older version does not know `note`, cannot materialize `poison`, and mixes otherwise.
 */
import { column, defineEvent, defineSchema, type EventInput, Schema, sql, table } from '@headwater/core'
import type { Dice } from './Dice.ts'

export const items = table('items', { id: column.text().primaryKey(), n: column.integer() })
export const claims = table('claims', { name: column.text().primaryKey(), owner: column.text() })
export const notes = table('notes', { id: column.text().primaryKey(), k: column.integer() })
export const drafts = table('drafts', { id: column.text().primaryKey(), n: column.integer() }, { clientOnly: true })

const put = defineEvent('put', Schema.Struct({ id: Schema.String, n: Schema.Int }))
const mix = defineEvent('mix', Schema.Struct({ id: Schema.String, k: Schema.Int }))
const remove = defineEvent('remove', Schema.Struct({ id: Schema.String }))
/** Fails where the name is taken: at commit it throws, on arrival it is skipped. */
const claim = defineEvent('claim', Schema.Struct({ name: Schema.String, owner: Schema.String }))
/** Fails where the item is missing. */
const strict = defineEvent('strict', Schema.Struct({ id: Schema.String }))
/** Refused by a backend in strict mode. */
const bad = defineEvent('bad', Schema.Struct({ id: Schema.String }))
/** Fails always in the older version. */
const poison = defineEvent('poison', Schema.Struct({ id: Schema.String }))
/** Only the newer version knows it. */
const note = defineEvent('note', Schema.Struct({ id: Schema.String, k: Schema.Int }))
const draft = defineEvent('draft', Schema.Struct({ id: Schema.String, k: Schema.Int }), { clientOnly: true })

export const modulus = 1_000_003
/** What `mix` multiplies with, by version. */
export const mixFactor = { 1: 31, 2: 37 } as const

export type SchemaVersion = keyof typeof mixFactor

const materializers = (version: SchemaVersion) => ({
  put: ({ id, n }: { readonly id: string; readonly n: number }) => items.upsert({ id, n }),
  mix: ({ id, k }: { readonly id: string; readonly k: number }) =>
    sql`UPDATE items SET n = (n * ${mixFactor[version]} + ${k}) % ${modulus} WHERE id = ${id}`,
  remove: ({ id }: { readonly id: string }) => items.delete().where({ id }),
  claim: ({ name, owner }: { readonly name: string; readonly owner: string }) => claims.insert({ name, owner }),
  bad: ({ id }: { readonly id: string }) => items.upsert({ id, n: 1 }),
  draft: ({ id, k }: { readonly id: string; readonly k: number }) => [drafts.upsert({ id, n: k })],
})

const olderEvents = { put, mix, remove, claim, strict, bad, poison, draft }

export const simulatedSchemas = {
  1: defineSchema({
    version: 1,
    tables: { items, claims, drafts },
    events: olderEvents,
    materializers: {
      ...materializers(1),
      strict: ({ id }, { query }) => {
        if (query(items.where({ id }).first()) === undefined) throw new Error(`no item ${id}`)
        return sql`UPDATE items SET n = (n + 7) % ${modulus} WHERE id = ${id}`
      },
      poison: ({ id }) => {
        throw new TypeError(`nobody thought of ${id}`)
      },
    },
  }),
  2: defineSchema({
    version: 2,
    tables: { items, claims, notes, drafts },
    events: { ...olderEvents, note },
    materializers: {
      ...materializers(2),
      strict: ({ id }, { query }) => {
        if (query(items.where({ id }).first()) === undefined) throw new Error(`no item ${id}`)
        return sql`UPDATE items SET n = (n + 7) % ${modulus} WHERE id = ${id}`
      },
      poison: ({ id }) => items.upsert({ id, n: 99 }),
      note: ({ id, k }) => notes.upsert({ id, k }),
    },
  }),
} as const

/** One that an app of this version may commit. */
export const randomEvent = (dice: Dice, version: SchemaVersion): EventInput => {
  const id = `i${dice.integer(5)}`
  const k = dice.integer(1000)
  switch (dice.integer(version === 1 ? 10 : 12)) {
    case 0:
    case 1:
    case 2:
      return put({ id, n: k })
    case 3:
    case 4:
      return mix({ id, k })
    case 5:
      return remove({ id })
    case 6:
      return claim({ name: `n${dice.integer(6)}`, owner: `o${k}` })
    case 7:
      return strict({ id })
    case 8:
      return bad({ id })
    case 9:
      return draft({ id, k })
    case 10:
      return note({ id, k })
    default:
      return poison({ id })
  }
}
