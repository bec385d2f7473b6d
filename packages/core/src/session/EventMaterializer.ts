import { decodeArgs, decodeEncodedArgs } from '../event/EventArgs.ts'
import type { AnyEventDefinition } from '../event/EventDefinition.ts'
import type { EventEnvelope } from '../event/EventEnvelope.ts'
import { flattenWrites, type Materializer, type MaterializerContext } from '../schema/Materializer.ts'
import type { Query } from '../schema/Query.ts'
import { checkTableScope, type StoreSchema } from '../schema/StoreSchema.ts'
import type { Write } from '../schema/Write.ts'
import type { StatementCache } from '../sqlite/StatementCache.ts'
import type { StatementGuard } from '../sqlite/StatementGuard.ts'
import { EventNotInSchema } from './SessionError.ts'

/** Runs the app's materializers on one database. What everybody will see is what they get: `decode(JSON.parse(argsJson))`. */
export class EventMaterializer {
  readonly #schema: StoreSchema
  readonly #statements: StatementCache
  readonly #guard: StatementGuard
  #running: AnyEventDefinition | null = null

  constructor(schema: StoreSchema, statements: StatementCache, guard: StatementGuard) {
    this.#schema = schema
    this.#statements = statements
    this.#guard = guard
  }

  get isRunning(): boolean {
    return this.#running !== null
  }

  /**
   * `isJustEncoded`: its args were made by this session a moment ago.
   *
   * **Fails with**  whatever decoding, the materializer or SQLite throw.
   */
  run(event: EventEnvelope, isJustEncoded = false): void {
    const definition = this.#schema.eventByName.get(event.name)
    const materializer = this.#schema.materializerByName.get(event.name) as Materializer<unknown> | undefined
    if (definition === undefined || materializer === undefined) {
      throw new EventNotInSchema({ event: event.name, known: [...this.#schema.eventByName.keys()] })
    }
    this.#running = definition
    try {
      const args: unknown = (isJustEncoded ? decodeEncodedArgs : decodeArgs)(definition, event.argsJson)
      const writes = flattenWrites(event.name, materializer(args, this.#contextOf(event, definition)))
      for (const write of writes) this.#write(definition, write)
    } finally {
      this.#running = null
    }
  }

  #contextOf(event: EventEnvelope, definition: AnyEventDefinition): MaterializerContext {
    const { id, name, clientId, sessionId, createdAt } = event
    return {
      event: { id, name, clientId, sessionId, createdAt },
      query: <A>(query: Query<A>): A => {
        const reads =
          query.source === undefined
            ? this.#guard.inspect(query.sql, query.params, 'read').reads
            : [query.source.table.name]
        checkTableScope(this.#schema, definition, { reads, writes: [] })
        const statement = this.#statements.get(query.sql, query.integers)
        return query.decode(statement.all(query.params), statement.columns)
      },
    }
  }

  #write(definition: AnyEventDefinition, { sql, params, table }: Write): void {
    if (table === undefined) checkTableScope(this.#schema, definition, this.#guard.inspect(sql, params, 'write'))
    else checkTableScope(this.#schema, definition, { reads: [], writes: [table] })
    this.#statements.get(sql, 'number').run(params)
  }
}
