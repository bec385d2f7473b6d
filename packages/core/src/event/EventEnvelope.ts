import type { EventSequenceNumber } from './EventSequenceNumber.ts'

/**
 * The part of an event that never changes after its commit, whatever position it ends up at.
 *
 * **Shape**  `argsJson` is the exact text made at commit; it is stored, sent and compared byte for byte and never
 * serialized again. `commitId` names the commit group: the events of one `commit` call.
 *
 * **Units**  `createdAt` is the committing client's clock in milliseconds since 1970; informative, nothing compares it.
 *
 * **Source**  spec section 2.
 */
export interface EventEnvelope {
  /** UUIDv7, made at commit: the event's identity for its whole life. */
  readonly id: string
  readonly name: string
  readonly argsJson: string
  readonly clientId: string
  readonly sessionId: string
  readonly createdAt: number
  readonly commitId: string
  /** Reaches every session of the client, is stored in its eventlog, is never pushed to a backend. */
  readonly isClientOnly: boolean
}

/** An event at a position of one client's log. */
export interface NumberedEvent {
  readonly seq: EventSequenceNumber
  readonly event: EventEnvelope
}

/** "The same event": id, clientId, name and argsJson agree. The same id with other content is foreign (`IdCollision`). */
export const isSameEvent = (
  a: Pick<EventEnvelope, 'id' | 'clientId' | 'name' | 'argsJson'>,
  b: Pick<EventEnvelope, 'id' | 'clientId' | 'name' | 'argsJson'>,
): boolean => a.id === b.id && a.clientId === b.clientId && a.name === b.name && a.argsJson === b.argsJson
