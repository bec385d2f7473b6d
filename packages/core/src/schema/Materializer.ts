import type { AnyEventDefinition, DecodedArgs } from '../event/EventDefinition.ts'
import type { Query } from './Query.ts'
import { MaterializerInvalid } from './SchemaError.ts'
import type { Write } from './Write.ts'

/**
 * Materializers: what an event does to the tables.
 *
 * A materializer is a function of the event and of the tables' contents and of nothing else: it runs at commit, on
 * arrival and at every replay, on every client, and must answer the same each time. No clock, no randomness, nothing
 * remembered between calls, no promises.
 */

/** The committed event a materializer runs for. `createdAt` is the committing client's clock, in milliseconds since 1970. */
export interface MaterializedEvent {
  readonly id: string
  readonly name: string
  readonly clientId: string
  readonly sessionId: string
  readonly createdAt: number
}

export interface MaterializerContext {
  /** Reads the tables as they are before this event's own writes. A synced event sees no client-only table. */
  readonly query: <A>(query: Query<A>) => A
  readonly event: MaterializedEvent
}

/** Writes are applied in order; `insert` of several rows is an array itself. */
export type MaterializerResult = Write | ReadonlyArray<Write | ReadonlyArray<Write>> | void

export type Materializer<Args> = (args: Args, context: MaterializerContext) => MaterializerResult

/** One materializer per event, by the event's key. */
export type Materializers<Events extends Readonly<Record<string, AnyEventDefinition>>> = {
  readonly [K in keyof Events]: Materializer<DecodedArgs<Events[K]>>
}

/** Any materializer, as the engine calls it. */
export type AnyMaterializer = Materializer<never>

/**
 * The writes of a materializer's answer, in order.
 *
 * **Fails with**  throws `MaterializerInvalid` for anything that is no write: a promise, an update without its
 * `where`, a query.
 */
export const flattenWrites = (event: string, result: unknown): ReadonlyArray<Write> => {
  if (result === undefined || result === null) return []
  if (!Array.isArray(result)) return [asWrite(event, result)]
  return result.flat(1).map((write: unknown) => asWrite(event, write))
}

const asWrite = (event: string, value: unknown): Write => {
  if (typeof value === 'object' && value !== null) {
    if ('kind' in value && value.kind === 'write') return value as Write
    if ('then' in value)
      throw new MaterializerInvalid({ event, problem: 'it is asynchronous; materializers answer at once' })
    if ('where' in value && !('kind' in value))
      throw new MaterializerInvalid({
        event,
        problem: 'an update or delete lacks its where(…); where({}) means every row',
      })
  }
  throw new MaterializerInvalid({ event, problem: 'it may answer with writes, arrays of writes, or nothing' })
}
