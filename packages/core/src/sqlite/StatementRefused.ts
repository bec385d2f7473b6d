import * as Schema from 'effect/Schema'

/** A statement that may not run where it was given, and why: what it does cannot be undone, replayed or told alike. */
export class StatementRefused extends Schema.TaggedError<StatementRefused>('@headwater/core/sqlite/StatementRefused')(
  'StatementRefused',
  { sql: Schema.String, why: Schema.String },
) {
  override get message(): string {
    return `Refused: ${this.why} in: ${this.sql.length > 300 ? `${this.sql.slice(0, 300)}…` : this.sql}`
  }
  get isRetryable(): boolean {
    return false
  }
}
