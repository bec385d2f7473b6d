import * as Schema from 'effect/Schema'

/** A newer leader has taken over: this one changes nothing any more. */
export class LeaderStale extends Schema.TaggedError<LeaderStale>('@headwater/core/leader/LeaderStale')('LeaderStale', {
  term: Schema.Number,
  current: Schema.Number,
}) {
  override get message(): string {
    return `this leader's term ${this.term} is over, the store is led in term ${this.current}`
  }
}

/** A file that this version cannot read: nothing in it is touched. */
export class FormatUnsupported extends Schema.TaggedError<FormatUnsupported>('@headwater/core/leader/FormatUnsupported')(
  'FormatUnsupported',
  { file: Schema.String, found: Schema.Number, supported: Schema.Number },
) {
  override get message(): string {
    return this.found > this.supported
      ? `the ${this.file} file has format ${this.found}, this version of @headwater/core reads up to ${this.supported}: update @headwater/core`
      : `the ${this.file} file is not a Headwater ${this.file} (format ${this.found}): choose another directory or storeId`
  }
}
