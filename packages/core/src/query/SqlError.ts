import * as Schema from 'effect/Schema'

/** A value of an `sql` text cannot be bound. **Shape** `index` counts the `${…}` of the text from 0. */
export class SqlParameterInvalid extends Schema.TaggedError<SqlParameterInvalid>(
  '@headwater/core/query/SqlParameterInvalid',
)('SqlParameterInvalid', { index: Schema.Number, problem: Schema.String }) {
  override get message(): string {
    return `Invalid value ${this.index + 1} of an sql text: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A row that raw SQL answered does not fit its schema. **Shape** `index` counts rows from 0; `path` starts at the row. */
export class RowInvalid extends Schema.TaggedError<RowInvalid>('@headwater/core/query/RowInvalid')('RowInvalid', {
  sql: Schema.String,
  index: Schema.Number,
  path: Schema.String,
  problem: Schema.String,
}) {
  override get message(): string {
    return `Row ${this.index} does not fit its schema at ${this.path}: ${this.problem} in: ${this.sql.slice(0, 300)}`
  }
  get isRetryable(): boolean {
    return false
  }
}
