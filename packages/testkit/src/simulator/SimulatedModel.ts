/**
 * The app of the simulation once more, in plain maps: what the tables must hold is computed without SQL, and so is which
 * events have no effect.
 */
import { mixFactor, modulus, type SchemaVersion } from './SimulatedSchema.ts'

export interface ModelEvent {
  readonly id: string
  readonly name: string
  readonly argsJson: string
}

const tableNames = ['items', 'claims', 'notes', 'drafts'] as const

/** **Shape**  rows by table, sorted: `{ items: ['a=1'], claims: […], notes: […], drafts: […] }`. */
export type ModelTables = Readonly<Record<(typeof tableNames)[number], ReadonlyArray<string>>>

export interface Fold {
  readonly tables: ModelTables
  /** Ids of events that fail where they stand: they are in the log, without effect. */
  readonly skipped: ReadonlySet<string>
}

interface ModelArgs {
  readonly id: string
  readonly n: number
  readonly k: number
  readonly name: string
  readonly owner: string
}

type Maps = Record<(typeof tableNames)[number], Map<string, number | string>>

/** What a log means to an app of that version. */
export const foldModel = (events: Iterable<ModelEvent>, version: SchemaVersion): Fold => {
  const maps: Maps = { items: new Map(), claims: new Map(), notes: new Map(), drafts: new Map() }
  const skipped = new Set<string>()
  for (const { id, name, argsJson } of events) {
    if (!apply(maps, name, JSON.parse(argsJson) as ModelArgs, version)) skipped.add(id)
  }
  const sorted = (map: ReadonlyMap<string, number | string>) => [...map].map(([key, value]) => `${key}=${value}`).sort()
  const tables = Object.fromEntries(tableNames.map((name) => [name, sorted(maps[name])])) as unknown as ModelTables
  return { tables, skipped }
}

/** False if it fails. */
const apply = (
  { items, claims, notes, drafts }: Maps,
  name: string,
  args: ModelArgs,
  version: SchemaVersion,
): boolean => {
  const n = items.get(args.id) as number | undefined
  switch (name) {
    case 'put':
      items.set(args.id, args.n)
      return true
    case 'mix':
      if (n !== undefined) items.set(args.id, (n * mixFactor[version] + args.k) % modulus)
      return true
    case 'remove':
      items.delete(args.id)
      return true
    case 'claim':
      if (claims.has(args.name)) return false
      claims.set(args.name, args.owner)
      return true
    case 'strict':
      if (n === undefined) return false
      items.set(args.id, (n + 7) % modulus)
      return true
    case 'bad':
      items.set(args.id, 1)
      return true
    case 'poison':
      if (version === 1) return false
      items.set(args.id, 99)
      return true
    case 'note':
      if (version === 2) notes.set(args.id, args.k)
      return true
    case 'draft':
      drafts.set(args.id, args.k)
      return true
    default:
      throw new Error(`the model does not know ${name}`)
  }
}

/** The same shape, read from a database; `has` says whether it has the newer version's table. */
export const readTables = (
  rowsOf: (sqlText: string) => ReadonlyArray<ReadonlyArray<unknown>>,
  version: SchemaVersion,
): ModelTables => {
  const read = (text: string) =>
    rowsOf(text)
      .map(([key, value]) => `${String(key)}=${String(value)}`)
      .sort()
  return {
    items: read('SELECT id, n FROM items'),
    claims: read('SELECT name, owner FROM claims'),
    notes: version === 2 ? read('SELECT id, k FROM notes') : [],
    drafts: read('SELECT id, n FROM drafts'),
  }
}
