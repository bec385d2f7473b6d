import type { Environment } from '../environment/Environment.ts'
import { encodeArgs } from '../event/EventArgs.ts'
import type { EventInput } from '../event/EventDefinition.ts'
import type { EventEnvelope } from '../event/EventEnvelope.ts'
import { eventIdRandomBytes, makeEventIdGenerator } from '../event/EventId.ts'
import type { StoreSchema } from '../schema/StoreSchema.ts'
import { EventNotInSchema } from './SessionError.ts'

/** Ids per call of the random source, which costs some 30 µs however few bytes it is asked for. */
const idsPerPool = 1_024

/** Makes the unchanging part of events: validated args, ids, the commit group. */
export class EventFactory {
  readonly #schema: StoreSchema
  readonly #environment: Environment
  readonly #sessionId: string
  readonly #nextId = makeEventIdGenerator()
  #pool: Uint8Array = new Uint8Array(0)
  #poolAt = 0

  constructor(schema: StoreSchema, environment: Environment, sessionId: string) {
    this.#schema = schema
    this.#environment = environment
    this.#sessionId = sessionId
  }

  /**
   * The events of one commit. The commit's id is the first event's.
   *
   * **Fails with**  `EventNotInSchema`, `InvalidEventArgs`, `EventTooLarge`.
   */
  make(inputs: ReadonlyArray<EventInput>, clientId: string): ReadonlyArray<EventEnvelope> {
    const createdAt = this.#environment.now()
    let commitId: string | undefined
    return inputs.map(({ definition, args }) => {
      if (this.#schema.eventByName.get(definition.name) !== definition) {
        throw new EventNotInSchema({ event: definition.name, known: [...this.#schema.eventByName.keys()] })
      }
      const argsJson = encodeArgs(definition, args)
      const id = this.#newId(createdAt)
      commitId ??= id
      return {
        id,
        name: definition.name,
        argsJson,
        clientId,
        sessionId: this.#sessionId,
        createdAt,
        commitId,
        isClientOnly: definition.isClientOnly,
      }
    })
  }

  /** The same fact again, under a new id: for a dead letter or a quarantined event that the app wants to try again. */
  again(
    { name, argsJson, isClientOnly }: Pick<EventEnvelope, 'name' | 'argsJson' | 'isClientOnly'>,
    clientId: string,
  ): EventEnvelope {
    const createdAt = this.#environment.now()
    const id = this.#newId(createdAt)
    return { id, name, argsJson, clientId, sessionId: this.#sessionId, createdAt, commitId: id, isClientOnly }
  }

  #newId(nowMs: number): string {
    if (this.#poolAt + eventIdRandomBytes > this.#pool.length) {
      this.#pool = this.#environment.randomBytes(idsPerPool * eventIdRandomBytes)
      this.#poolAt = 0
    }
    const at = this.#poolAt
    this.#poolAt += eventIdRandomBytes
    return this.#nextId(nowMs, this.#pool, at)
  }
}
