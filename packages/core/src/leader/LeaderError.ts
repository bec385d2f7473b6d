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
export class FormatUnsupported extends Schema.TaggedError<FormatUnsupported>(
  '@headwater/core/leader/FormatUnsupported',
)('FormatUnsupported', { file: Schema.String, found: Schema.Number, supported: Schema.Number }) {
  override get message(): string {
    return this.found > this.supported
      ? `the ${this.file} file has format ${this.found}, this version of @headwater/core reads up to ${this.supported}: update @headwater/core`
      : `the ${this.file} file is not a Headwater ${this.file} (format ${this.found}): choose another directory or storeId`
  }
}

/** The backend's stream skipped events: it is closed and opened again from the durable cursor. */
export class PullGap extends Schema.TaggedError<PullGap>('@headwater/core/leader/PullGap')('PullGap', {
  expected: Schema.Number,
  received: Schema.Number,
}) {
  override get message(): string {
    return `the backend sent e${this.received} where e${this.expected} was next`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The schema says `onUnknownEvent: 'fail'` and the backend has an event it does not know: sync stops before it. */
export class EventUnknown extends Schema.TaggedError<EventUnknown>('@headwater/core/leader/EventUnknown')(
  'EventUnknown',
  {
    name: Schema.String,
    global: Schema.Number,
  },
) {
  override get message(): string {
    return `e${this.global} is a "${this.name}", which this app's schema does not know: update the app, or choose another onUnknownEvent policy`
  }
  get isRetryable(): boolean {
    return false
  }
}
