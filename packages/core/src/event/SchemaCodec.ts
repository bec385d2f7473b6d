import type { StandardSchemaV1 } from '@standard-schema/spec'
import * as Result from 'effect/Result'
import * as Schema from 'effect/Schema'

/**
 * The one place where a user's schema becomes two synchronous functions: value → JSON and JSON → value. Used for event
 * args, JSON columns and the rows of raw SQL.
 *
 * | Schema            | encode                                       | decode                            |
 * | ----------------- | -------------------------------------------- | --------------------------------- |
 * | Effect Schema     | the schema's encoder                         | the schema's decoder              |
 * | Standard Schema   | `validate`: its *output* is what is stored   | `validate` again, on what was stored |
 *
 * An Effect Schema whose encoded side is not JSON (`Schema.Date`, `Schema.BigInt`, `Schema.Uint8Array`, …) is encoded
 * through `Schema.toCodecJson`, so that such values travel as strings. One whose encoded side is JSON already is used
 * as it is: `toCodecJson` would let NaN pass as the string "NaN".
 *
 * The output of a Standard Schema is stored, not its input, so that a default is chosen once, by the client that
 * commits, and not again by everyone who replays. A validator whose output is not valid input of itself
 * (`z.string().transform(Number)`) therefore fails at commit.
 */

/** An Effect Schema without services, or any Standard Schema v1 validator (Zod, Valibot, ArkType). */
export type AnySchema = EffectSchema | StandardSchemaV1

/** Synchronous by type as far as types can tell: it needs no services to encode or decode. */
export type EffectSchema = Schema.ConstraintCodec<unknown, unknown, never, never>

/** What the app passes in. */
export type SchemaInput<S> = S extends EffectSchema
  ? S['Type']
  : S extends StandardSchemaV1
    ? StandardSchemaV1.InferInput<S>
    : never

/** What comes out of storage. */
export type SchemaOutput<S> = S extends EffectSchema
  ? S['Type']
  : S extends StandardSchemaV1
    ? StandardSchemaV1.InferOutput<S>
    : never

/** A value that does not fit, and where. **Shape** `path` from the outermost inwards. */
export interface SchemaProblem {
  readonly path: ReadonlyArray<string | number>
  readonly problem: string
}

/** **Fails with** a `Result` failure; neither function throws, whatever a validator does. */
export interface SchemaCodec {
  readonly encode: (value: unknown) => Result.Result<unknown, SchemaProblem>
  readonly decode: (json: unknown) => Result.Result<unknown, SchemaProblem>
}

/** Whether `schema` is something {@link makeSchemaCodec} understands. */
export const isSchema = (schema: unknown): schema is AnySchema => Schema.isSchema(schema) || isStandardSchema(schema)

/** Compiles a schema once. `schema` must have passed {@link isSchema}. */
export const makeSchemaCodec = (schema: AnySchema): SchemaCodec =>
  Schema.isSchema(schema) ? makeEffectCodec(schema as EffectSchema) : makeStandardCodec(schema as StandardSchemaV1)

/** `Schema` of rows that are decoded only, straight from SQLite's values: no JSON on either side. */
export const makeSchemaDecoder = (schema: AnySchema): SchemaCodec['decode'] => {
  if (!Schema.isSchema(schema)) return makeStandardCodec(schema as StandardSchemaV1).decode
  const decode = Schema.decodeUnknownResult(schema as EffectSchema)
  return (row) => settle(decode, row)
}

const makeEffectCodec = (schema: EffectSchema): SchemaCodec => {
  const codec = isEncodedAsJson(schema) ? schema : (Schema.toCodecJson(schema) as EffectSchema)
  const encode = Schema.encodeUnknownResult(codec)
  const decode = Schema.decodeUnknownResult(codec)
  return { encode: (value) => settle(encode, value), decode: (json) => settle(decode, json) }
}

/** A user's transformation may throw where it should fail: that too is a value that does not fit. */
const settle = (
  run: (value: unknown) => Result.Result<unknown, Schema.SchemaError>,
  value: unknown,
): Result.Result<unknown, SchemaProblem> => {
  try {
    const result = run(value)
    return Result.mapError(result, effectProblem)
  } catch (thrown) {
    return Result.fail({ path: [], problem: thrownText(thrown) })
  }
}

/** The message without its `at [...]` lines and without the value: `Expected a string`. */
const effectProblem = (error: Schema.SchemaError): SchemaProblem => {
  const [first = 'does not fit the schema', ...rest] = error.message.split('\n')
  const at = rest.find((line) => line.trimStart().startsWith('at ['))
  const steps = at === undefined ? [] : [...at.matchAll(/\[("(?:[^"\\]|\\.)*"|\d+)\]/g)]
  return { path: steps.map((step) => JSON.parse(step[1] ?? '""') as string | number), problem: first }
}

const makeStandardCodec = (schema: StandardSchemaV1): SchemaCodec => {
  const validate = (value: unknown): Result.Result<unknown, SchemaProblem> => {
    try {
      const result = schema['~standard'].validate(value)
      if (isPromiseLike(result)) {
        // Nobody waits for it: its rejection must not end the process.
        result.then(undefined, () => {})
        return Result.fail({ path: [], problem: asynchronous })
      }
      return result.issues === undefined ? Result.succeed(result.value) : Result.fail(standardProblem(result.issues))
    } catch (thrown) {
      return Result.fail({ path: [], problem: thrownText(thrown) })
    }
  }
  return { encode: validate, decode: validate }
}

const standardProblem = (issues: ReadonlyArray<StandardSchemaV1.Issue>): SchemaProblem => {
  const path = (issues[0]?.path ?? []).map((step) => (typeof step === 'object' ? step.key : step))
  return {
    path: path.map((step) => (typeof step === 'number' ? step : String(step))),
    problem: issues[0]?.message ?? 'does not fit the schema',
  }
}

const isStandardSchema = (schema: unknown): schema is StandardSchemaV1 => {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return false
  const standard: unknown = (schema as Record<string, unknown>)['~standard']
  if (typeof standard !== 'object' || standard === null) return false
  const { version, validate } = standard as Record<string, unknown>
  return version === 1 && typeof validate === 'function'
}

const isPromiseLike = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

const asynchronous = 'its validator is asynchronous; a commit is synchronous'

const thrownText = (thrown: unknown): string => {
  const defect = defectOf(thrown)
  if (!(defect instanceof Error)) return 'its schema threw'
  return defect.name === 'AsyncFiberError' ? asynchronous : `its schema threw ${defect.message}`
}

/** Effect's synchronous parsers throw an error of their own, whose cause lists what was thrown inside. */
const defectOf = (thrown: unknown): unknown => {
  const cause: unknown = thrown instanceof Error ? thrown.cause : undefined
  if (typeof cause !== 'object' || cause === null || !('reasons' in cause) || !Array.isArray(cause.reasons))
    return thrown
  const [reason]: ReadonlyArray<unknown> = cause.reasons
  return typeof reason === 'object' && reason !== null && 'defect' in reason ? reason.defect : thrown
}

/** Kinds of Effect's schema representation that are JSON on their encoded side, or contain only such. */
const jsonTags: ReadonlySet<string> = new Set([
  'String',
  'Number',
  'Boolean',
  'Null',
  'Unknown',
  'Any',
  'Never',
  'TemplateLiteral',
  'Enum',
  'Literal',
  'Union',
  'Arrays',
  'Objects',
  'Suspend',
  'Reference',
])

/**
 * Whether values of the encoded side are JSON but for what {@link jsonProblem} catches. `undefined` is JSON only as an
 * optional property, where it means absent.
 */
const isEncodedAsJson = (schema: EffectSchema): boolean => {
  try {
    const document = Schema.toRepresentation(schema)
    return (
      isJsonNode(document.representation, false) &&
      Object.values(document.references).every((node) => isJsonNode(node, false))
    )
  } catch {
    return false
  }
}

const isJsonNode = (node: unknown, isOptional: boolean): boolean => {
  if (Array.isArray(node)) return node.every((item) => isJsonNode(item, isOptional))
  if (typeof node !== 'object' || node === null) return true
  const fields = node as Readonly<Record<string, unknown>>
  const tag = fields['_tag']
  if (tag === 'Undefined') return isOptional
  if (tag === 'Literal') return typeof fields['literal'] !== 'bigint'
  if (typeof tag === 'string' && !jsonTags.has(tag)) return false
  return (
    isJsonNode(fields['type'], fields['isOptional'] === true && tag === undefined) &&
    isJsonNode(fields['types'], isOptional) &&
    isJsonNode(fields['elements'], false) &&
    isJsonNode(fields['rest'], false) &&
    isJsonNode(fields['propertySignatures'], false) &&
    isJsonNode(fields['indexSignatures'], false) &&
    isJsonNode(fields['thunk'], false)
  )
}
