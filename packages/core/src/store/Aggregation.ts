import type { AggregateShape, QuerySource } from '../schema/Query.ts'
import type { SqliteValue } from '../schema/SqliteValue.ts'
import type { QueryRunner } from './LiveResult.ts'

/** Keeps the value of an aggregate. **Shape** values of the column, none of them NULL, INTEGERs as `plainRow` has them. */
export interface Aggregation {
  /** Reads everything. **Fails with** as `ask`. */
  readonly read: () => SqliteValue
  /** These values are not the query's any more, and these are now. **Fails with** as `ask`; it is `read` then. */
  readonly change: (gone: ReadonlyArray<SqliteValue>, come: ReadonlyArray<SqliteValue>) => SqliteValue
}

/** What an aggregation reads with. */
export interface AggregationSource {
  readonly source: QuerySource
  readonly shape: AggregateShape
  /** Runs the query itself. **Fails with** as `QueryRunner.run`. */
  readonly ask: () => SqliteValue
  readonly runner: QueryRunner
}
