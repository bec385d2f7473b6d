import * as Schema from 'effect/Schema'

/**
 * Why SQLite failed.
 *
 * *Environment* reasons say nothing about the log: the transaction is rolled back and tried again or reported, and no
 * event is ever skipped or quarantined for one of them (spec section 7, property P9). The others are functions of the
 * statement and of the rows.
 */
export const SqliteReason = Schema.Literals([
  // environment
  'Busy',
  'Full',
  'IoFailed',
  'OutOfMemory',
  'Interrupted',
  'ReadOnly',
  'CannotOpen',
  'Corrupt',
  'NotADatabase',
  'Misuse',
  // function of statement and rows
  'ConstraintFailed',
  'Mismatch',
  'TooBig',
  'Range',
  'SqlInvalid',
])
export type SqliteReason = typeof SqliteReason.Type

/** Any failure of a `SqliteConnection`. `code` is SQLite's extended result code name, e.g. `SQLITE_CONSTRAINT_UNIQUE`. */
export class SqliteError extends Schema.TaggedError<SqliteError>('@headwater/core/sqlite/SqliteError')('SqliteError', {
  reason: SqliteReason,
  operation: Schema.String,
  code: Schema.String,
  detail: Schema.String,
  sql: Schema.optionalKey(Schema.String),
}) {
  override get message(): string {
    return `SQLite ${this.operation} failed: ${this.detail} (${this.code})${this.sql === undefined ? '' : ` in: ${this.sql}`}`
  }
  /** Trying the same transaction again later may succeed. */
  get isRetryable(): boolean {
    return (
      this.reason === 'Busy' ||
      this.reason === 'Interrupted' ||
      this.reason === 'Full' ||
      this.reason === 'IoFailed' ||
      this.reason === 'OutOfMemory'
    )
  }
  /** The file (or the image that it came from) is damaged. */
  get isDamage(): boolean {
    return this.reason === 'Corrupt' || this.reason === 'NotADatabase'
  }
  /** The failure is the machine's, not the event's: never a reason to skip an event. */
  get isEnvironment(): boolean {
    return !functionOfInput.has(this.reason)
  }
}

const functionOfInput: ReadonlySet<SqliteReason> = new Set([
  'ConstraintFailed',
  'Mismatch',
  'TooBig',
  'Range',
  'SqlInvalid',
])

/** Primary result codes of sqlite3.h that have a reason of their own; every other code is `SqlInvalid` for 1, else `IoFailed`. */
const reasonByPrimaryCode: ReadonlyMap<string, SqliteReason> = new Map([
  ['SQLITE_ERROR', 'SqlInvalid'],
  ['SQLITE_PERM', 'ReadOnly'],
  ['SQLITE_ABORT', 'Interrupted'],
  ['SQLITE_BUSY', 'Busy'],
  ['SQLITE_LOCKED', 'Busy'],
  ['SQLITE_NOMEM', 'OutOfMemory'],
  ['SQLITE_READONLY', 'ReadOnly'],
  ['SQLITE_INTERRUPT', 'Interrupted'],
  ['SQLITE_IOERR', 'IoFailed'],
  ['SQLITE_CORRUPT', 'Corrupt'],
  ['SQLITE_NOTFOUND', 'Misuse'],
  ['SQLITE_FULL', 'Full'],
  ['SQLITE_CANTOPEN', 'CannotOpen'],
  ['SQLITE_PROTOCOL', 'Busy'],
  ['SQLITE_SCHEMA', 'Interrupted'],
  ['SQLITE_TOOBIG', 'TooBig'],
  ['SQLITE_CONSTRAINT', 'ConstraintFailed'],
  ['SQLITE_MISMATCH', 'Mismatch'],
  ['SQLITE_MISUSE', 'Misuse'],
  ['SQLITE_NOLFS', 'IoFailed'],
  ['SQLITE_AUTH', 'SqlInvalid'],
  ['SQLITE_RANGE', 'Range'],
  ['SQLITE_NOTADB', 'NotADatabase'],
])

/** The single place where a SQLite result code becomes a reason. `code` is the extended code's name as both drivers report it. */
export const classifySqliteError = (failure: {
  readonly code: string
  readonly detail: string
  readonly operation: string
  readonly sql?: string | undefined
}): SqliteError => {
  // A code that the driver has no name for is not the statement's fault: never a reason to skip an event.
  const primary = /^SQLITE_[A-Z]+/.exec(failure.code)?.[0] ?? 'unknown'
  return new SqliteError({
    reason: reasonByPrimaryCode.get(primary) ?? 'IoFailed',
    operation: failure.operation,
    code: failure.code,
    detail: failure.detail,
    ...(failure.sql === undefined
      ? {}
      : { sql: failure.sql.length > 300 ? `${failure.sql.slice(0, 300)}…` : failure.sql }),
  })
}
