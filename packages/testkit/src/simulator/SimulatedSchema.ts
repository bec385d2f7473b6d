/**
 * The app of the simulation: small tables on which everything that goes wrong shows. The order of events matters
 * (`mix`), inserts collide (`claim`), a row's fate decides whether later events apply (`strict`), and a client-only table
 * is beside them.
 *
 * `foldModel` is the same app once more, in plain maps: what the tables must hold is computed without SQL.
 */
import { column, defineEvent, defineSchema, Schema, sql, table } from '@headwater/core'

const items = table('items', { id: column.text().primaryKey(), n: column.integer() })
const claims = table('claims', { name: column.text().primaryKey(), owner: column.text() })
const drafts = table('drafts', { id: column.text().primaryKey(), n: column.integer() }, { clientOnly: true })

export const put = defineEvent('put', Schema.Struct({ id: Schema.String, n: Schema.Int }))
export const mix = defineEvent('mix', Schema.Struct({ id: Schema.String, k: Schema.Int }))
export const remove = defineEvent('remove', Schema.Struct({ id: Schema.String }))
/** Fails where the name is taken: at commit it throws, on arrival it is skipped. */
export const claim = defineEvent('claim', Schema.Struct({ name: Schema.String, owner: Schema.String }))
/** Fails where the item is missing. */
export const strict = defineEvent('strict', Schema.Struct({ id: Schema.String }))
/** Refused by a backend in strict mode. */
export const bad = defineEvent('bad', Schema.Struct({ id: Schema.String }))
export const draft = defineEvent('draft', Schema.Struct({ id: Schema.String, k: Schema.Int }), { clientOnly: true })

export const modulus = 1_000_003

export const simulatedSchema = defineSchema({
  version: 1,
  tables: { items, claims, drafts },
  events: { put, mix, remove, claim, strict, bad, draft },
  materializers: {
    put: ({ id, n }) => items.upsert({ id, n }),
    mix: ({ id, k }) => sql`UPDATE items SET n = (n * 31 + ${k}) % ${modulus} WHERE id = ${id}`,
    remove: ({ id }) => items.delete().where({ id }),
    claim: ({ name, owner }) => claims.insert({ name, owner }),
    strict: ({ id }, { query }) => {
      if (query(items.where({ id }).first()) === undefined) throw new Error(`no item ${id}`)
      return sql`UPDATE items SET n = (n + 7) % ${modulus} WHERE id = ${id}`
    },
    bad: ({ id }) => items.upsert({ id, n: 1 }),
    draft: ({ id, k }) => [drafts.upsert({ id, n: k })],
  },
})

/** An event as the model needs it. */
export interface ModelEvent {
  readonly name: string
  readonly argsJson: string
}

interface ModelArgs {
  readonly id: string
  readonly n: number
  readonly k: number
  readonly name: string
  readonly owner: string
}

/** **Shape**  rows by table, sorted: `{ items: ['a=1'], claims: […], drafts: […] }`. */
export const foldModel = (
  events: Iterable<ModelEvent>,
): Readonly<Record<'items' | 'claims' | 'drafts', ReadonlyArray<string>>> => {
  const model = {
    items: new Map<string, number>(),
    claims: new Map<string, string>(),
    drafts: new Map<string, number>(),
  }
  for (const { name, argsJson } of events) {
    const args = JSON.parse(argsJson) as ModelArgs
    const n = model.items.get(args.id)
    if (name === 'put') model.items.set(args.id, args.n)
    else if (name === 'mix' && n !== undefined) model.items.set(args.id, (n * 31 + args.k) % modulus)
    else if (name === 'remove') model.items.delete(args.id)
    else if (name === 'claim' && !model.claims.has(args.name)) model.claims.set(args.name, args.owner)
    else if (name === 'strict' && n !== undefined) model.items.set(args.id, (n + 7) % modulus)
    else if (name === 'bad') model.items.set(args.id, 1)
    else if (name === 'draft') model.drafts.set(args.id, args.k)
  }
  const sorted = (map: ReadonlyMap<string, number | string>) => [...map].map(([key, value]) => `${key}=${value}`).sort()
  return { items: sorted(model.items), claims: sorted(model.claims), drafts: sorted(model.drafts) }
}

const tableSql = {
  items: 'SELECT id, n FROM items',
  claims: 'SELECT name, owner FROM claims',
  drafts: 'SELECT id, n FROM drafts',
} as const

/** The same shape, read from a database. */
export const readTables = (
  rowsOf: (sqlText: string) => ReadonlyArray<ReadonlyArray<unknown>>,
): ReturnType<typeof foldModel> => {
  const read = (text: string) =>
    rowsOf(text)
      .map(([key, value]) => `${String(key)}=${String(value)}`)
      .sort()
  return { items: read(tableSql.items), claims: read(tableSql.claims), drafts: read(tableSql.drafts) }
}

export { claims, drafts, items }
