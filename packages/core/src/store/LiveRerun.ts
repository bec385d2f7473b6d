import { rowKey } from '../query/ValueKey.ts'
import { isSameValue } from '../reactive/SameValue.ts'
import type { Query } from '../schema/Query.ts'
import type { SqliteRow } from '../schema/SqliteValue.ts'
import { isSameRow } from '../sqlite/RowChange.ts'
import type { LiveAnswer, LiveResult, QueryRunner } from './LiveResult.ts'
import { diffRows, type ResultChange } from './ResultChange.ts'
import { RowList } from './RowList.ts'

/**
 * A query that is run again whenever something that it reads has changed: raw SQL, joins, everything that cannot be
 * patched. Rows whose values are the same stay the same objects.
 *
 * **Fails with**  making it fails with what `run` and `Query.decode` fail with.
 */
export const makeLiveRerun = (query: Query<unknown>, runner: QueryRunner): LiveResult => {
  const first = runner.run(query)
  let { rows } = first
  let result = query.decode(rows, first.columns)
  let list = listOf(result)
  const answer = (changes: ReadonlyArray<ResultChange<unknown>> | undefined): LiveAnswer => {
    const [answered, answeredList] = [result, list]
    return { result: () => answered, update: () => ({ rows: answeredList, changes }) }
  }
  const reload = (): LiveAnswer | undefined => {
    const read = runner.run(query)
    if (isSameRows(read.rows, rows)) return undefined
    const decoded = Array.isArray(result)
      ? decodeChanged(query, read, { rows, decoded: result })
      : query.decode(read.rows, read.columns)
    const newList = listOf(decoded)
    const changes = diffRows(list, newList, new Map())
    rows = read.rows
    result = decoded
    list = newList
    return answer(changes)
  }
  return { current: () => answer(undefined), patch: reload, reload, isEqualRow: isSameValue }
}

const listOf = (result: unknown): RowList<unknown> => new RowList([Array.isArray(result) ? result : [result]])

type AnswerRows = ReturnType<QueryRunner['run']>

interface DecodedRows {
  readonly rows: ReadonlyArray<SqliteRow>
  readonly decoded: ReadonlyArray<unknown>
}

/** Decodes what is new; for the rest takes the objects that were made of the same values. */
const decodeChanged = (query: Query<unknown>, read: AnswerRows, last: DecodedRows): ReadonlyArray<unknown> => {
  // The decoder of another shape than one object a row cannot be asked for single rows.
  if (last.rows.length !== last.decoded.length) return query.decode(read.rows, read.columns) as ReadonlyArray<unknown>
  const decoded: Array<unknown> = []
  const known = new Map<string, Array<unknown>>()
  for (let index = last.rows.length - 1; index >= 0; index--) {
    if (index < read.rows.length && isSameRow(last.rows[index]!, read.rows[index]!)) continue
    const key = rowKey(last.rows[index]!)
    const same = known.get(key)
    if (same === undefined) known.set(key, [last.decoded[index]])
    else same.push(last.decoded[index])
  }
  const fresh: Array<number> = []
  for (const [index, row] of read.rows.entries()) {
    if (index < last.rows.length && isSameRow(last.rows[index]!, row)) {
      decoded.push(last.decoded[index])
      continue
    }
    const same = known.get(rowKey(row))
    if (same === undefined || same.length === 0) fresh.push(index)
    decoded.push(same?.pop())
  }
  const made = decodeSome(query, read, fresh)
  for (const [at, index] of fresh.entries()) decoded[index] = made[at]
  return decoded
}

/** **Fails with** what decoding all of them fails with: an error that counts rows counts those of the answer. */
const decodeSome = (
  query: Query<unknown>,
  read: AnswerRows,
  indexes: ReadonlyArray<number>,
): ReadonlyArray<unknown> => {
  if (indexes.length === 0) return []
  const rows = indexes.map((index) => read.rows[index]!)
  try {
    return query.decode(rows, read.columns) as ReadonlyArray<unknown>
  } catch (error) {
    query.decode(read.rows, read.columns)
    throw error
  }
}

const isSameRows = (a: ReadonlyArray<SqliteRow>, b: ReadonlyArray<SqliteRow>): boolean =>
  a.length === b.length && a.every((row, i) => isSameRow(row, b[i]!))
