import type { PushRequest } from '@headwater/backend-http/protocol'
import { identifierLengthMax } from '@headwater/backend-http/protocol'
import type { BackendEvent, BackendPosition } from '@headwater/core/backend'

/**
 * The batch in a push's text; `undefined` for everything that is not exactly one, which the schema `PushRequest` then names the fault
 * of. It says the same as the schema does (a property test holds it to that) in less than half of the time, nearly all of which is `JSON.parse`'s.
 */
export const parsePush = (text: string): PushRequest | undefined => {
  const push = parseObject(text)
  const parent = push === undefined ? undefined : positionOf(push['parent'])
  if (push === undefined || parent === undefined || !isIdentifier(push['backendId'])) return undefined
  const given = push['events']
  if (!Array.isArray(given) || given.length === 0) return undefined
  const events: Array<BackendEvent> = []
  for (const each of given as ReadonlyArray<unknown>) {
    const event = eventOf(each)
    if (event === undefined) return undefined
    events.push(event)
  }
  return { backendId: push['backendId'], parent, events }
}

const parseObject = (text: string): Record<string, unknown> | undefined => {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

const objectOf = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined

const positionOf = (value: unknown): BackendPosition | undefined => {
  const { global, eventId } = objectOf(value) ?? {}
  return isNatural(global) && isIdentifierOrNull(eventId) ? { global, eventId } : undefined
}

/** With the fields of the protocol in their order, and no others. */
const eventOf = (value: unknown): BackendEvent | undefined => {
  const given = objectOf(value)
  if (given === undefined) return undefined
  const { global, parentGlobal, parentId, id, name, argsJson, clientId, sessionId, createdAt } = given
  const isEvent =
    isNatural(global) &&
    isNatural(parentGlobal) &&
    isIdentifierOrNull(parentId) &&
    isIdentifier(id) &&
    isIdentifier(name) &&
    typeof argsJson === 'string' &&
    isIdentifier(clientId) &&
    isIdentifier(sessionId) &&
    isFiniteNumber(createdAt)
  if (!isEvent) return undefined
  return { global, parentGlobal, parentId, id, name, argsJson, clientId, sessionId, createdAt }
}

const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value)

const isIdentifier = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= identifierLengthMax

const isIdentifierOrNull = (value: unknown): value is string | null => value === null || isIdentifier(value)
