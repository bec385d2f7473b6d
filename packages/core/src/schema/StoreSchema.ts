import type { AnyEventDefinition } from '../event/EventDefinition.ts'
import { foldCase } from './Identifier.ts'
import { checkForeignKeys, orderByReference } from './ForeignKeys.ts'
import type { AnyMaterializer, Materializers } from './Materializer.ts'
import type { SchemaDescriptor } from './SchemaDescriptor.ts'
import { MaterializerInvalid, SchemaInvalid } from './SchemaError.ts'
import { fingerprintOf } from './SchemaFingerprint.ts'
import { describeTable } from './TableDefinition.ts'
import type { AnyTable, TableDefinition } from './TableDefinition.ts'

/**
 * A store's schema: its tables, its events, and what each event does to the tables.
 */

/** An event whose name this version of the app does not know. `argsJson` is left out of logs by default. */
export interface UnknownEvent {
  readonly id: string
  readonly name: string
  readonly argsJson: string
  readonly clientId: string
  readonly sessionId: string
  readonly createdAt: number
}

/**
 * What to do with an event of a newer app: it is stored and its effect is empty until a version that knows it rebuilds.
 * `'warn'` logs it, `'ignore'` says nothing, `'fail'` stops sync before it, a function is called with it.
 */
export type UnknownEventPolicy = 'warn' | 'ignore' | 'fail' | ((event: UnknownEvent) => void)

export interface SchemaOptions<
  Tables extends Readonly<Record<string, AnyTable>>,
  Events extends Readonly<Record<string, AnyEventDefinition>>,
> {
  /** A whole number from 1 on. Raise it with every release that changes tables, events or what a materializer does. */
  readonly version: number
  readonly tables: Tables
  /** By name: the key is the event's own name. */
  readonly events: Events
  /** One for every event. */
  readonly materializers: Materializers<Events>
  /** Default `'warn'`. */
  readonly onUnknownEvent?: UnknownEventPolicy
}

export interface StoreSchema<
  out Tables extends Readonly<Record<string, AnyTable>> = Readonly<Record<string, AnyTable>>,
  out Events extends Readonly<Record<string, AnyEventDefinition>> = Readonly<Record<string, AnyEventDefinition>>,
> {
  readonly version: number
  readonly tables: Tables
  readonly events: Events
  readonly onUnknownEvent: UnknownEventPolicy
  /** The part that is plain data, for the leader. */
  readonly descriptor: SchemaDescriptor
  readonly tableByName: ReadonlyMap<string, TableDefinition>
  readonly eventByName: ReadonlyMap<string, AnyEventDefinition>
  readonly materializerByName: ReadonlyMap<string, AnyMaterializer>
}

/**
 * Puts a schema together.
 *
 * **Fails with**  throws `SchemaInvalid`: a version that is no whole number from 1 on, an event without a materializer
 * or the reverse, a key that is not the event's or table's own name, two tables of one name (SQLite ignores case), a
 * foreign key that cannot be checked or joins scopes wrongly (`ForeignKeys.ts`).
 *
 * **Example**
 * ```ts
 * const schema = defineSchema({
 *   version: 1,
 *   tables: { todos },
 *   events: { todoCreated },
 *   materializers: { todoCreated: ({ id, text }) => todos.insert({ id, text }) },
 * })
 * ```
 *
 * **Source**  spec sections 2 and 8.
 */
export const defineSchema = <
  const Tables extends Readonly<Record<string, AnyTable>>,
  const Events extends Readonly<Record<string, AnyEventDefinition>>,
>(
  options: SchemaOptions<Tables, Events>,
): StoreSchema<Tables, Events> => {
  if (!Number.isSafeInteger(options.version) || options.version < 1) fail('version must be a whole number from 1 on')
  const tables = checkTables(options.tables)
  checkEvents(options.events, options.materializers)
  checkForeignKeys(tables)
  const events = Object.values(options.events)
  const descriptors = orderByReference(tables).map(describeTable)
  const fingerprint = fingerprintOf({
    version: options.version,
    tables: descriptors,
    events,
    materializers: Object.keys(options.materializers),
  })
  const onUnknownEvent = checkPolicy(options.onUnknownEvent ?? 'warn')
  return Object.freeze({
    version: options.version,
    tables: options.tables,
    events: options.events,
    onUnknownEvent,
    descriptor: {
      version: options.version,
      fingerprint,
      tables: descriptors,
      eventNames: events.map((event) => event.name).sort(),
      onUnknownEvent: typeof onUnknownEvent === 'function' ? 'ignore' : onUnknownEvent,
    },
    tableByName: new Map(tables.map((table) => [table.name, table])),
    eventByName: new Map(events.map((event) => [event.name, event])),
    materializerByName: new Map<string, AnyMaterializer>(Object.entries(options.materializers)),
  })
}

/** Tables that a statement or write touches. */
export interface TouchedTables {
  readonly reads: Iterable<string>
  readonly writes: Iterable<string>
}

/**
 * Refuses what would let clients diverge: a synced event's materializer that reads or writes a client-only table, and a
 * client-only event's that writes a synced one. (Reading a synced table into a client-only one is fine.)
 *
 * **Shape**  tables that foreign-key actions change are not the statement's own and do not belong into `touched`.
 *
 * **Fails with**  throws `MaterializerInvalid`.
 *
 * **Source**  spec section 2, "Scope of a table".
 */
export const checkTableScope = (
  schema: Pick<StoreSchema, 'tableByName'>,
  event: Pick<AnyEventDefinition, 'name' | 'isClientOnly'>,
  touched: TouchedTables,
): void => {
  for (const [verb, names] of [
    ['reads', touched.reads],
    ['writes', touched.writes],
  ] as const) {
    for (const name of names) {
      const isClientOnly = schema.tableByName.get(name)?.isClientOnly
      const isAllowed = isClientOnly === event.isClientOnly || (event.isClientOnly && verb === 'reads')
      if (isClientOnly === undefined || isAllowed) continue
      const scopes = event.isClientOnly ? ['client-only', 'synced'] : ['synced', 'client-only']
      const problem = `a ${scopes[0]} event ${verb} the ${scopes[1]} table "${name}": clients would diverge`
      throw new MaterializerInvalid({ event: event.name, problem })
    }
  }
}

const fail = (problem: string): never => {
  throw new SchemaInvalid({ problem })
}

const checkTables = (tables: Readonly<Record<string, AnyTable>>): ReadonlyArray<TableDefinition> => {
  const definitions = Object.entries(tables).map(([key, table]) => {
    const definition =
      (table as Partial<AnyTable> | undefined)?.definition ?? fail(`tables.${key} is not made by table(…)`)
    if (definition.name !== key) fail(`tables.${key} is the table "${definition.name}": use its own name as the key`)
    return definition
  })
  const folded = new Set(definitions.map(({ name }) => foldCase(name)))
  if (folded.size < definitions.length) fail('two tables whose names differ only in case are the same table to SQLite')
  return definitions
}

const checkEvents = (
  events: Readonly<Record<string, AnyEventDefinition>>,
  materializers: Readonly<Record<string, unknown>>,
): void => {
  for (const [key, event] of Object.entries(events)) {
    if (typeof event !== 'function' || !('codec' in event)) fail(`events.${key} is not made by defineEvent(…)`)
    if (event.name !== key) fail(`events.${key} is the event "${event.name}": use its own name as the key`)
    if (!Object.hasOwn(materializers, key))
      fail(`event "${key}" has no materializer; () => [] is one that does nothing`)
  }
  for (const [key, materializer] of Object.entries(materializers)) {
    if (!Object.hasOwn(events, key)) fail(`materializers.${key} has no event of that name`)
    if (typeof materializer !== 'function') fail(`materializers.${key} is not a function`)
  }
}

const checkPolicy = (policy: UnknownEventPolicy): UnknownEventPolicy =>
  typeof policy === 'function' || ['warn', 'ignore', 'fail'].includes(policy)
    ? policy
    : fail(`onUnknownEvent is 'warn', 'ignore', 'fail' or a function`)
