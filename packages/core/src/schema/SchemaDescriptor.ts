/**
 * The part of a schema that is plain data: what a leader needs to keep a state database without running app code. It
 * crosses threads by structured clone.
 *
 * A leader never materializes. Sessions do, and report each event's row changes; the leader applies them physically
 * (ARCHITECTURE.md, "Materialize once, replicate rows").
 */

/** Column affinity as SQLite derives it from our declarations; `BLOB` means none. */
export type Affinity = 'INTEGER' | 'REAL' | 'TEXT' | 'BLOB'

export interface ColumnDescriptor {
  readonly name: string
  readonly affinity: Affinity
}

export interface TableDescriptor {
  readonly name: string
  /** In declaration order: the order of values in a row of a changeset. */
  readonly columns: ReadonlyArray<ColumnDescriptor>
  /** Column names of the primary key, in key order; empty for a table that only has its rowid. */
  readonly primaryKey: ReadonlyArray<string>
  readonly isWithoutRowid: boolean
  /** A client-only table is written by client-only events; a synced materializer may neither read nor write it. */
  readonly isClientOnly: boolean
  /** `CREATE TABLE` first, then its `CREATE INDEX`es. */
  readonly createSql: ReadonlyArray<string>
}

export interface SchemaDescriptor {
  /** As given to `defineSchema`; the higher one takes the lead. */
  readonly version: number
  /** Hash of the canonical form of version, tables, event definitions and materializer names. */
  readonly fingerprint: string
  /** In declaration order, referenced tables before referencing ones. */
  readonly tables: ReadonlyArray<TableDescriptor>
  /** Every event name that this schema can materialize, sorted. */
  readonly eventNames: ReadonlyArray<string>
  /** `'fail'`: the leader stops syncing before an event whose name is not among `eventNames`. A callback travels as `'ignore'`. */
  readonly onUnknownEvent: 'warn' | 'ignore' | 'fail'
}
