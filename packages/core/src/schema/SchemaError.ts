import * as Schema from 'effect/Schema'

/**
 * Errors of definitions and of what is built from them. All of them are functions of the program and its input: none
 * is retryable, and a replayed event that meets one is skipped.
 */

/** `table` or `defineSchema` was given something that cannot work. Thrown while the app's modules load. */
export class SchemaInvalid extends Schema.TaggedError<SchemaInvalid>('@headwater/core/schema/SchemaInvalid')(
  'SchemaInvalid',
  { problem: Schema.String },
) {
  override get message(): string {
    return `Invalid schema: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A query or write names a column its table does not have. */
export class UnknownColumn extends Schema.TaggedError<UnknownColumn>('@headwater/core/schema/UnknownColumn')(
  'UnknownColumn',
  { table: Schema.String, column: Schema.String, known: Schema.Array(Schema.String) },
) {
  override get message(): string {
    return `Table "${this.table}" has no column "${this.column}"; it has ${this.known.map((name) => `"${name}"`).join(', ')}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A value does not fit its column, on the way in or out. `problem` never repeats the value. */
export class InvalidColumnValue extends Schema.TaggedError<InvalidColumnValue>(
  '@headwater/core/schema/InvalidColumnValue',
)('InvalidColumnValue', { table: Schema.String, column: Schema.String, problem: Schema.String }) {
  override get message(): string {
    return `Invalid value for "${this.table}"."${this.column}": ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A query or write that cannot be built: an unknown operator, a negative limit, nothing to insert. */
export class QueryInvalid extends Schema.TaggedError<QueryInvalid>('@headwater/core/schema/QueryInvalid')(
  'QueryInvalid',
  { table: Schema.String, problem: Schema.String },
) {
  override get message(): string {
    return `Invalid query on "${this.table}": ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A query on a table that is not the store's: of another schema, or another object of the same name. */
export class QueryNotInSchema extends Schema.TaggedError<QueryNotInSchema>('@headwater/core/schema/QueryNotInSchema')(
  'QueryNotInSchema',
  { table: Schema.String },
) {
  override get message(): string {
    return `This store's schema does not have this table "${this.table}"; query the tables that its schema was defined with`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** A materializer answered with something else than writes, or touched a table that is not its event's to touch. */
export class MaterializerInvalid extends Schema.TaggedError<MaterializerInvalid>(
  '@headwater/core/schema/MaterializerInvalid',
)('MaterializerInvalid', { event: Schema.String, problem: Schema.String }) {
  override get message(): string {
    return `Materializer of "${this.event}": ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}
