import type { ColumnCodec } from '../schema/ColumnCodec.ts'
import type { SqliteValue } from '../schema/SqliteValue.ts'

/**
 * What is known of a value that a statement answers: how it becomes the JavaScript value that Kysely's type promises.
 *
 * | Kind         | Comes from                                   | In JavaScript                                   |
 * | ------------ | -------------------------------------------- | ----------------------------------------------- |
 * | a codec      | a column, also through sub-queries, `max`, … | what the column holds                           |
 * | `'number'`   | `count`, arithmetic, values                  | `number`; an unsafe one fails                   |
 * | `'sum'`      | `sum`, `avg`                                 | `number`, `bigint` if it is no safe integer     |
 * | `'bit'`      | comparisons, `exists`                        | `0` or `1`: Kysely's `SqlBool`                  |
 * | `'asserted'` | `sql<T>`, `fn<T>`, `cast<T>`                 | SQLite's own value: `T` is the author's word    |
 * | `'raw'`      | one of several of these                      | SQLite's own value                              |
 * | `Unsound`    | what none of these rules covers              | refused when it is a column of the result       |
 */
export type ValueKind =
  | ColumnCodec
  | 'null'
  | 'number'
  | 'text'
  | 'boolean'
  | 'bigint'
  | 'blob'
  | 'datetime'
  | 'sum'
  | 'bit'
  | 'raw'
  | 'asserted'
  | Unsound

/** Why a value is not what Kysely's type says, and what to do about it. */
export class Unsound {
  readonly why: string
  constructor(why: string) {
    this.why = why
  }
}

/**
 * NULL, and what Kysely's type says of it: there is none; there may be, as it says; it is the author's word (`sql<T>`);
 * there may be, but it does not say so, as of `max` over no rows. The last is refused in a result.
 */
export type Nulls = 'never' | 'typed' | 'asserted' | 'hidden'

export interface ResultValue {
  readonly kind: ValueKind
  readonly nulls: Nulls
}

/** A column of a result, in order. */
export interface ResultColumn {
  readonly name: string
  readonly value: ResultValue
}

export const notNull = (kind: ValueKind): ResultValue => ({ kind, nulls: 'never' })

/** What its author says it is. */
export const asserted: ResultValue = { kind: 'asserted', nulls: 'asserted' }

export const unsound = (why: string): ResultValue => ({ kind: new Unsound(why), nulls: 'hidden' })

export const columnValue = (codec: ColumnCodec): ResultValue => ({
  kind: codec,
  nulls: codec.definition.isNullable ? 'typed' : 'never',
})

/** As an outer join makes it: Kysely's types follow those. */
export const outerJoined = ({ kind }: ResultValue): ResultValue => ({ kind, nulls: 'typed' })

/** One of `values`, each of which its type has: of `case`, of a union. */
export const oneOf = (values: ReadonlyArray<ResultValue>): ResultValue => {
  const all = values.map(({ nulls }) => nulls)
  const nulls = (['typed', 'hidden', 'asserted'] as const).find((one) => all.includes(one)) ?? 'never'
  return { kind: mergeKinds(values.map(({ kind }) => kind)), nulls }
}

/** The kind as far as decoding goes: columns of one kind are decoded alike, but for JSON. */
export const plainKind = (kind: ValueKind): Exclude<ValueKind, ColumnCodec> | 'json' => {
  if (typeof kind === 'string' || kind instanceof Unsound) return kind
  const column = kind.definition.kind
  return column === 'integer' || column === 'real' ? 'number' : column
}

/** The kind of what is one of several: of `coalesce`, `case`, a union. */
export const mergeKinds = (kinds: ReadonlyArray<ValueKind>): ValueKind => {
  const [first = 'null', ...others] = kinds.filter((kind) => kind !== 'null')
  let merged: ValueKind = first
  for (const kind of others) merged = mergeTwo(merged, kind)
  return merged
}

/** Kinds that are answered as SQLite has them: one of several is still that. */
const rawKinds: ReadonlySet<unknown> = new Set(['number', 'text', 'blob', 'bit', 'raw', 'asserted'])

const mergeTwo = (a: ValueKind, b: ValueKind): ValueKind => {
  if (a === b || a instanceof Unsound) return a
  if (b instanceof Unsound) return b
  const [plainA, plainB] = [plainKind(a), plainKind(b)]
  if (plainA === plainB && plainA !== 'json') return plainA
  if (rawKinds.has(plainA) && rawKinds.has(plainB)) return 'raw'
  const both = new Set([plainA, plainB])
  if (both.has('boolean') && both.has('bit')) return 'boolean'
  if (both.has('sum') && (both.has('number') || both.has('bigint'))) return 'sum'
  return new Unsound(
    `it is sometimes ${describe(plainA)}, sometimes ${describe(plainB)}, which SQLite does not tell apart`,
  )
}

const describe = (kind: unknown): string => (kind === 'asserted' ? 'what sql<T> says' : String(kind))

/** Whether the statement has to give INTEGER as bigint. */
export const needsBigint = ({ kind }: ResultValue): boolean => kind === 'sum' || plainKind(kind) === 'bigint'

/** SQLite → JavaScript. **Fails with** throws `InvalidColumnValue`, `ValueMisfit`. */
export const decodeValue = ({ kind }: ResultValue, value: SqliteValue): unknown => {
  if (value === null) return null
  if (typeof kind === 'object' && !(kind instanceof Unsound)) return kind.decode(value)
  if (kind === 'boolean') return value !== 0 && value !== 0n
  // oxlint-disable-next-line no-restricted-globals -- a pure conversion
  if (kind === 'datetime') return new Date(Number(value))
  if (kind === 'bigint') return typeof value === 'bigint' ? value : fail('it is typed bigint, but is no INTEGER')
  if (typeof value !== 'bigint') return value
  if (Number.isSafeInteger(Number(value))) return Number(value)
  return kind === 'sum' ? value : fail('it is typed number, but is no safe integer')
}

/** A value that is not what its type says. */
export class ValueMisfit {
  readonly problem: string
  constructor(problem: string) {
    this.problem = problem
  }
}

const fail = (problem: string): never => {
  throw new ValueMisfit(problem)
}
