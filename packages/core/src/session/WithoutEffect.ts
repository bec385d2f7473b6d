/**
 * Tells the app, once each, of events that are in the log and did nothing here: skipped ones (their materializer failed)
 * and those whose name this version does not know.
 *
 * **Source**  spec section 7.
 */
import type { Environment } from '../environment/Environment.ts'
import type { EventEnvelope } from '../event/EventEnvelope.ts'
import type { StoreSchema } from '../schema/StoreSchema.ts'
import type { EventWithoutEffect } from './SessionState.ts'

/** An event's materializer failed: the event stays in the log without effect (`store.quarantined`). */
export interface QuarantineNotice {
  readonly _tag: 'quarantined'
  readonly eventId: string
  readonly name: string
  readonly error: string
}

export class WithoutEffect {
  readonly #schema: StoreSchema
  readonly #environment: Environment
  readonly #onQuarantined: (notice: QuarantineNotice) => void
  /** Ids: a rebase replays what was told of before. */
  readonly #told = new Set<string>()

  constructor(schema: StoreSchema, environment: Environment, onQuarantined: (notice: QuarantineNotice) => void) {
    this.#schema = schema
    this.#environment = environment
    this.#onQuarantined = onQuarantined
  }

  tell(events: ReadonlyArray<EventWithoutEffect>): void {
    for (const { event, effect } of events) {
      if (this.#told.has(event.id)) continue
      this.#told.add(event.id)
      if (effect.error === null) this.#tellUnknown(event)
      else this.#onQuarantined({ _tag: 'quarantined', eventId: event.id, name: event.name, error: effect.error })
    }
  }

  #tellUnknown({ id, name, argsJson, clientId, sessionId, createdAt }: EventEnvelope): void {
    const policy = this.#schema.onUnknownEvent
    if (policy === 'warn') {
      const message = `"${name}" is not an event of this app's version: it is kept, and has no effect until a version knows it`
      this.#environment.log({ level: 'warn', message, fields: { eventId: id } })
    }
    if (typeof policy !== 'function') return
    try {
      policy({ id, name, argsJson, clientId, sessionId, createdAt })
    } catch (error) {
      this.#environment.log({
        level: 'error',
        message: 'onUnknownEvent threw',
        fields: { eventId: id, error: String(error) },
      })
    }
  }
}
