import * as Schema from 'effect/Schema'

/**
 * The args do not fit the event's schema, or what the schema makes of them is not the JSON that a log can carry.
 * Thrown by `commit`; the reason of a skipped event when a pulled one's args do not decode.
 *
 * **Shape**  `path` starts at `$`, the args themselves: `$.items[2].price`. `problem` never repeats the value, so that
 * the message can be logged.
 */
export class InvalidEventArgs extends Schema.TaggedError<InvalidEventArgs>('@headwater/core/event/InvalidEventArgs')(
  'InvalidEventArgs',
  { event: Schema.String, path: Schema.String, problem: Schema.String },
) {
  override get message(): string {
    return `Invalid args for event "${this.event}" at ${this.path}: ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The event could never be pushed. **Units** bytes of UTF-8 JSON on the wire, with `eventEnvelopeBytes` for the envelope. */
export class EventTooLarge extends Schema.TaggedError<EventTooLarge>('@headwater/core/event/EventTooLarge')(
  'EventTooLarge',
  { event: Schema.String, sizeBytes: Schema.Number, sizeBytesMax: Schema.Number },
) {
  override get message(): string {
    return (
      `Event "${this.event}" takes ${this.sizeBytes} bytes, the limit is ${this.sizeBytesMax}. ` +
      'Split it into several events, or store the large part elsewhere and put a reference into the event.'
    )
  }
  get isRetryable(): boolean {
    return false
  }
}

/** `defineEvent` was called with a name or a schema that cannot work. Thrown while the app's modules load. */
export class InvalidEventDefinition extends Schema.TaggedError<InvalidEventDefinition>(
  '@headwater/core/event/InvalidEventDefinition',
)('InvalidEventDefinition', { event: Schema.String, problem: Schema.String }) {
  override get message(): string {
    return `Cannot define event "${this.event}": ${this.problem}`
  }
  get isRetryable(): boolean {
    return false
  }
}
