import type { Query } from '../schema/Query.ts'
import type { SqliteRow } from '../schema/SqliteValue.ts'
import type { StatementReads } from '../sqlite/StatementReads.ts'
import type { NetRow } from './NetChanges.ts'
import { diffRows, type ResultUpdate } from './ResultChange.ts'
import { RowList } from './RowList.ts'

/** What is to be run: a query, or a statement of a live query's own over the same table. */
export type ReadStatement = Pick<Query<unknown>, 'sql' | 'params' | 'integers' | 'source'>

/** How live queries read; the session's database may be another one after a snapshot. */
export interface QueryRunner {
  /** **Fails with** as `Store.query`. */
  readonly run: (statement: ReadStatement) => {
    readonly rows: ReadonlyArray<SqliteRow>
    readonly columns: ReadonlyArray<string>
  }
  /** Tables and columns that raw SQL reads. */
  readonly readsOf: (query: Query<unknown>) => StatementReads
  /** Whether changes of that table's rows are laid out as the query's own table says. */
  readonly isDeclared: (table: NonNullable<Query<unknown>['source']>['table']) => boolean
  readonly onError: (error: unknown) => void
}

/**
 * The answer of a live query, kept up to date.
 *
 * **Shape**  always what a fresh SELECT would answer, between any two calls; unchanged rows are the same objects.
 */
export interface LiveResult {
  /** What the query answers. */
  readonly current: () => LiveAnswer
  /** What a step did to these rows. Answers whether the result differs. **Fails with** anything; `reload` then. */
  readonly patch: (rows: ReadonlyArray<NetRow>) => LiveAnswer | undefined
  /** Reads everything again, for instance after a snapshot. **Fails with** as `QueryRunner.run`; nothing has changed then. */
  readonly reload: () => LiveAnswer | undefined
  /** Whether two objects for rows are equal to the app. */
  readonly isEqualRow: (a: unknown, b: unknown) => boolean
}

/** One answer. */
export interface LiveAnswer {
  /** As `Query.decode` gives it; made when asked for. */
  readonly result: () => unknown
  /** Of a query for rows; in the present answer, without changes. A number or one row is a list of it. */
  readonly update: () => ResultUpdate<unknown>
}

/** The answer of a query for one value. */
export const valueAnswer = (value: unknown): LiveAnswer => ({
  result: () => value,
  update: () => ({ rows: new RowList([[value]]), changes: undefined }),
})

/**
 * The last of `answers`, each of which came from the one before, as it came from `told`; `undefined` if it is equal.
 *
 * **Units**  O(n log n) in the rows: only where a subscriber commits while others wait for their turn.
 */
export const combineAnswers = (
  told: LiveAnswer,
  answers: ReadonlyArray<LiveAnswer>,
  isEqualRow: (a: unknown, b: unknown) => boolean,
): LiveAnswer | undefined => {
  const replaced = new Map<unknown, unknown>()
  for (const answer of answers)
    for (const change of answer.update().changes ?? [])
      if ('before' in change && change.row !== change.before)
        replaced.set(change.row, replaced.get(change.before) ?? change.before)
  const [last, answer] = [told.update().rows, answers.at(-1)!]
  const { rows } = answer.update()
  const changes = diffRows(last, rows, replaced)
  const isEqual = (at: number): boolean => last.at(at) === rows.at(at) || isEqualRow(last.at(at), rows.at(at))
  if (last.length === rows.length && Array.from(rows, (_, at) => at).every(isEqual)) return undefined
  return { result: answer.result, update: () => ({ rows, changes }) }
}
