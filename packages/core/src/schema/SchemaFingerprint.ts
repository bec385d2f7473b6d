import * as Schema from 'effect/Schema'
import type { AnyEventDefinition } from '../event/EventDefinition.ts'
import type { EffectSchema } from '../event/SchemaCodec.ts'
import type { TableDescriptor } from './SchemaDescriptor.ts'
import { sha256Hex } from './Sha256.ts'

/**
 * The fingerprint of a schema: equal for equal schemas on every platform, whatever the order in which tables, events
 * and materializers are listed, and different when a state made with one cannot be used by the other.
 *
 * Canonical form, as JSON with sorted keys:
 *
 * | Field           | Holds                                                                                        |
 * | --------------- | -------------------------------------------------------------------------------------------- |
 * | `format`        | 1: of this form itself                                                                       |
 * | `version`       | as given to `defineSchema`                                                                   |
 * | `tables`        | by name: `createSql` and scope. The order of *columns* counts: it is the layout of a row      |
 * | `events`        | by name: scope and schema                                                                    |
 * | `materializers` | names                                                                                        |
 *
 * An Effect Schema counts by its encoded structure: types, keys and the built-in checks with their arguments, without
 * annotations. Functions (custom checks, transformations, materializers) have no stable text: raise `version` when they
 * change. A Standard Schema counts by its vendor only, for the same reason.
 */
export const fingerprintOf = (schema: {
  readonly version: number
  readonly tables: ReadonlyArray<TableDescriptor>
  readonly events: ReadonlyArray<AnyEventDefinition>
  readonly materializers: ReadonlyArray<string>
}): string => sha256Hex(canonicalJson(canonicalForm(schema)))

/** What is hashed, for tests and for people who ask why two fingerprints differ. */
export const canonicalForm = (schema: Parameters<typeof fingerprintOf>[0]): unknown => ({
  format: 1,
  version: schema.version,
  tables: Object.fromEntries(
    schema.tables.map(({ name, createSql, isClientOnly }) => [name, { createSql, isClientOnly }]),
  ),
  events: Object.fromEntries(
    schema.events.map((event) => [event.name, { isClientOnly: event.isClientOnly, schema: schemaForm(event) }]),
  ),
  materializers: [...schema.materializers].sort(compareUnits),
})

/** JSON with the keys of every object in order of their UTF-16 units, without white space. */
export const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => compareUnits(a, b))
  return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`
}

/** `sort`'s default, spelled out: no locale. */
const compareUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const schemaForm = (event: AnyEventDefinition): unknown => {
  if (!Schema.isSchema(event.schema)) {
    const standard = '~standard' in event.schema ? event.schema['~standard'] : undefined
    return { standard: standard?.vendor ?? 'unknown' }
  }
  const document = Schema.toRepresentation(event.schema as EffectSchema)
  return { effect: withoutAnnotations(document) }
}

/** Annotations are prose and may change with any version of Effect; functions have no text that could be compared. */
const withoutAnnotations = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(withoutAnnotations)
  if (typeof node === 'bigint') return { bigint: String(node) }
  if (node instanceof RegExp) return { source: node.source, flags: node.flags }
  if (typeof node === 'symbol' || typeof node === 'function') return typeof node
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node).flatMap(([key, field]) => (key === 'annotations' ? [] : [[key, withoutAnnotations(field)]])),
  )
}
