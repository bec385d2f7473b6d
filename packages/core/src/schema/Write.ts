import type { SqliteValue } from './SqliteValue.ts'

/**
 * A compiled, immutable INSERT, UPDATE or DELETE: what materializers answer with.
 *
 * **Shape**  `sql` is the same text for every write of the same shape. `table` is the one it changes (foreign-key
 * actions may change others); raw SQL does not say, so its statement has to be inspected (`sqlite/StatementGuard.ts`).
 */
export interface Write {
  readonly kind: 'write'
  readonly sql: string
  readonly params: ReadonlyArray<SqliteValue>
  readonly table?: string
}
