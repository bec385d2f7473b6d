/**
 * Answers that a server found, for the first render in a browser whose store is still opening.
 */
import type { Query, SqliteValue, Store } from '@headwater/core'
import { queryKey } from './QueryKey.ts'
import { SnapshotInvalid } from './ReactError.ts'

/** A number that JSON cannot hold, all 64 bits of an integer, or bytes. */
type EncodedValue =
  | string
  | number
  | null
  | { readonly real: string }
  | { readonly integer: string }
  | { readonly bytes: string }

/** **Shape** JSON: rows as SQLite answered them, by `queryKey`. Escape `<` when it goes into a script element. */
export interface StoreSnapshot {
  readonly format: 1
  readonly answers: Readonly<
    Record<
      string,
      { readonly columns: ReadonlyArray<string>; readonly rows: ReadonlyArray<ReadonlyArray<EncodedValue>> }
    >
  >
}

type Rows = Parameters<Query<unknown>['decode']>[0]

/**
 * The answers of these queries, to be sent along with the HTML that shows them.
 *
 * **Fails with**  what the queries fail with.
 *
 * **Example**
 * ```ts
 * const snapshot = dehydrate(store, [todos.orderBy('id'), todos.count()])
 * const json = JSON.stringify(snapshot).replaceAll('<', '\\u003c')
 * ```
 */
export const dehydrate = (store: Store, queries: ReadonlyArray<Query<unknown>>): StoreSnapshot => ({
  format: 1,
  answers: Object.fromEntries(
    queries.map((query) => {
      const { rows, columns } = store.query(undecoded(query))
      return [queryKey(query), { columns, rows: rows.map((row) => row.map(encode)) }]
    }),
  ),
})

/** Field by field: a builder query's are getters of its class. */
const undecoded = (query: Query<unknown>): Query<{ readonly rows: Rows; readonly columns: ReadonlyArray<string> }> => ({
  kind: query.kind,
  sql: query.sql,
  params: query.params,
  integers: query.integers,
  shape: query.shape,
  source: query.source,
  decode: (rows, columns) => ({ rows, columns }),
})

/** The answer to `query` that the snapshot has, in an array; empty if it has none. **Fails with** `SnapshotInvalid`. */
export const answerOf = <A>(snapshot: StoreSnapshot, query: Query<A>, key: string): readonly [A] | readonly [] => {
  if (snapshot.format !== 1) throw new SnapshotInvalid({ problem: `its format is ${String(snapshot.format)}, not 1` })
  if (!Object.hasOwn(snapshot.answers, key)) return []
  const answer = snapshot.answers[key]
  if (!Array.isArray(answer?.rows)) throw new SnapshotInvalid({ problem: 'an answer has no rows' })
  return [
    query.decode(
      answer.rows.map((row) => row.map(decode)),
      answer.columns,
    ),
  ]
}

const encode = (value: SqliteValue): EncodedValue => {
  if (typeof value === 'bigint') return { integer: String(value) }
  if (value instanceof Uint8Array) return { bytes: Array.from(value, hex).join('') }
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return { real: Object.is(value, -0) ? '-0' : String(value) }
  return value
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')

const decode = (value: EncodedValue): SqliteValue => {
  if (typeof value !== 'object' || value === null) return value
  if ('integer' in value) return BigInt(value.integer)
  if ('real' in value) return Number(value.real)
  if ('bytes' in value) return Uint8Array.from(value.bytes.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  throw new SnapshotInvalid({ problem: 'a value is neither text, number, integer nor bytes' })
}
