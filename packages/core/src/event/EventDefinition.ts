import { InvalidEventDefinition } from './EventError.ts'
import { eventNameLengthMax } from './EventLimits.ts'
import { isSchema, makeSchemaCodec } from './SchemaCodec.ts'
import type { AnySchema, SchemaCodec, SchemaInput, SchemaOutput } from './SchemaCodec.ts'

/**
 * Event definitions: the name and the schema of a fact that an app records.
 */

/** An event that is ready to be committed: nothing is validated or encoded yet, `commit` does both. */
export interface EventInput<Name extends string = string, Args = unknown> {
  readonly definition: AnyEventDefinition & { readonly name: Name }
  readonly args: Args
}

/**
 * A defined event. Calling it makes an {@link EventInput}.
 *
 * **Shape**  `Args` is what the app passes, `Decoded` what the materializer receives: equal for an Effect Schema, input
 * and output for a Standard Schema.
 */
export interface EventDefinition<Name extends string, Args, Decoded> {
  (...args: OptionalArgs<Args>): EventInput<Name, Args>
  readonly name: Name
  readonly schema: AnySchema
  /** Reaches every session of this client, is stored in its eventlog, is never pushed to a backend. */
  readonly isClientOnly: boolean
  /** Compiled once. @internal */
  readonly codec: SchemaCodec
  /** Types only; never set. */
  readonly '~decoded'?: Decoded
}

/** Args that may be empty may be left out: `cleared()`. */
export type OptionalArgs<Args> = {} extends Args ? [args?: Args] : [args: Args]

/** Any definition, whatever its args. */
export interface AnyEventDefinition {
  readonly name: string
  readonly schema: AnySchema
  readonly isClientOnly: boolean
  readonly codec: SchemaCodec
  readonly '~decoded'?: unknown
}

/** What the materializer of `Definition` receives. */
export type DecodedArgs<Definition extends AnyEventDefinition> = Exclude<Definition['~decoded'], undefined>

export interface EventOptions {
  /** See {@link EventDefinition.isClientOnly}. Default `false`. */
  readonly clientOnly?: boolean
}

/** `todoCreated`, `v1.TodoCreated`, `todo-created`: safe in URLs, logs and SQL comments. */
const namePattern = /^[A-Za-z_][A-Za-z0-9_.:-]*$/

/**
 * Defines an event by its name and the schema of its args.
 *
 * The name is stored with every event for ever: rename the variable, never the event.
 *
 * **Shape**  `schema` is an Effect Schema without services (encoded at commit, decoded for the materializer) or any
 * Standard Schema v1 validator (Zod, Valibot, ArkType; its output is what is stored). See `SchemaCodec.ts`.
 *
 * **Fails with**  `InvalidEventDefinition` for a name that is empty, too long or has other characters than
 * `A-Za-z0-9_.:-`, or something that is no schema.
 *
 * **Example**
 * ```ts
 * const todoCreated = defineEvent('todoCreated', Schema.Struct({ id: Schema.String, text: Schema.String }))
 * todoCreated({ id: '1', text: 'milk' }) // => { definition: todoCreated, args: { id: '1', text: 'milk' } }
 * ```
 *
 * **Source**  spec section 8.
 */
export const defineEvent = <const Name extends string, const S extends AnySchema>(
  name: Name,
  schema: S,
  options?: EventOptions,
): EventDefinition<Name, SchemaInput<S>, SchemaOutput<S>> => {
  if (typeof name !== 'string' || !namePattern.test(name) || name.length > eventNameLengthMax) {
    const problem = `a name is 1 to ${eventNameLengthMax} of A-Z a-z 0-9 _ . : - and starts with a letter or _`
    throw new InvalidEventDefinition({ event: String(name).slice(0, eventNameLengthMax), problem })
  }
  if (!isSchema(schema)) {
    const problem = 'its second argument is neither an Effect Schema nor a Standard Schema v1 validator'
    throw new InvalidEventDefinition({ event: name, problem })
  }
  const definition = (args: unknown = {}): EventInput<Name, unknown> => ({ definition: definition as never, args })
  // A function's own `name` is not writable, but configurable.
  Object.defineProperty(definition, 'name', { value: name, enumerable: true })
  return Object.freeze(
    Object.assign(definition, { schema, isClientOnly: options?.clientOnly === true, codec: makeSchemaCodec(schema) }),
  ) as never
}
