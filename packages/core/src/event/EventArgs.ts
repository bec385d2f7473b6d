import * as Result from 'effect/Result'
import type { AnyEventDefinition, DecodedArgs } from './EventDefinition.ts'
import { EventTooLarge, InvalidEventArgs } from './EventError.ts'
import { argsDepthMax, eventBytesMax, eventEnvelopeBytes } from './EventLimits.ts'
import { formatPath, jsonProblem } from './JsonValue.ts'
import type { SchemaProblem } from './SchemaCodec.ts'

/**
 * The args of an event, to and from the text that is stored, sent and compared byte for byte.
 */

/**
 * Validates `args` and makes the event's `argsJson`.
 *
 * **Fails with**  throws `InvalidEventArgs` (does not fit the schema; not JSON by the rules of `JsonValue.ts`; an
 * asynchronous validator) or `EventTooLarge`.
 *
 * **Example**
 * ```ts
 * encodeArgs(todoCreated, { id: '1', text: 'milk' }) // => '{"id":"1","text":"milk"}'
 * ```
 *
 * **Source**  spec section 3, step 1.
 */
export const encodeArgs = (definition: AnyEventDefinition, args: unknown): string => {
  const encoded = definition.codec.encode(args)
  if (Result.isFailure(encoded)) throw invalid(definition, encoded.failure)
  const problem = jsonProblem(encoded.success, argsDepthMax)
  if (problem !== undefined) throw invalid(definition, problem)
  const argsJson = JSON.stringify(encoded.success)
  assertFits(definition, argsJson)
  return argsJson
}

/**
 * What the materializer receives: the decoded `argsJson`, at commit, on arrival and at every replay alike.
 *
 * **Fails with**  throws `InvalidEventArgs`: the text is no JSON, breaks a rule of `JsonValue.ts`, or does not decode.
 */
export const decodeArgs = <Definition extends AnyEventDefinition>(
  definition: Definition,
  argsJson: string,
): DecodedArgs<Definition> => {
  const json = parse(definition, argsJson)
  const problem = jsonProblem(json, argsDepthMax)
  if (problem !== undefined) throw invalid(definition, problem)
  return decode(definition, json)
}

/**
 * {@link decodeArgs} of a text that {@link encodeArgs} has just made, which therefore breaks no rule of `JsonValue.ts`.
 *
 * **Fails with**  throws `InvalidEventArgs`: the schema does not decode what it has encoded.
 */
export const decodeEncodedArgs = <Definition extends AnyEventDefinition>(
  definition: Definition,
  argsJson: string,
): DecodedArgs<Definition> => decode(definition, parse(definition, argsJson))

const decode = <Definition extends AnyEventDefinition>(
  definition: Definition,
  json: unknown,
): DecodedArgs<Definition> => {
  const decoded = definition.codec.decode(json)
  if (Result.isFailure(decoded)) throw invalid(definition, decoded.failure)
  return decoded.success as DecodedArgs<Definition>
}

const parse = (definition: AnyEventDefinition, argsJson: string): unknown => {
  try {
    return JSON.parse(argsJson)
  } catch {
    throw invalid(definition, { path: [], problem: 'the stored text is not JSON' })
  }
}

const invalid = (definition: AnyEventDefinition, problem: SchemaProblem): InvalidEventArgs =>
  new InvalidEventArgs({ event: definition.name, path: formatPath(problem.path), problem: problem.problem })

/**
 * `argsJson` travels as a JSON string, so its quotes and backslashes are escaped once more. A UTF-16 unit takes at most
 * three bytes that way, which spares counting for everything below a third of the limit.
 */
const assertFits = (definition: AnyEventDefinition, argsJson: string): void => {
  if (argsJson.length * 3 + eventEnvelopeBytes <= eventBytesMax) return
  const sizeBytes = argsWireBytes(argsJson) + eventEnvelopeBytes
  if (sizeBytes > eventBytesMax)
    throw new EventTooLarge({ event: definition.name, sizeBytes, sizeBytesMax: eventBytesMax })
}

/** Bytes of `argsJson` inside the JSON of an event. The text is well-formed: every surrogate is half of a 4-byte pair. */
export const argsWireBytes = (argsJson: string): number => {
  let bytes = 2
  for (let index = 0; index < argsJson.length; index++) {
    const unit = argsJson.charCodeAt(index)
    if (unit < 0x80) bytes += unit === quote || unit === backslash ? 2 : 1
    else if (unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff)) bytes += 2
    else bytes += 3
  }
  return bytes
}

const quote = 0x22
const backslash = 0x5c
