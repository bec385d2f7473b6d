import type { BackendEvent, Rejection } from '@headwater/core/backend'
import { argsDepthMax } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import type { Principal } from './Authorization.ts'
import { ServerFailure } from './ServerFailure.ts'

export interface ValidateContext {
  readonly storeId: string
}

/**
 * Gives the reason to refuse an event, or nothing. Called for events that are not in the log yet, in order. What it
 * throws is a 503 for this request; throwing {@link throwsMax} times on one event refuses the event.
 */
export type Validate = (
  principal: Principal,
  event: BackendEvent,
  context: ValidateContext,
) => string | null | undefined | void | Promise<string | null | undefined | void>

export interface EventValidation {
  readonly check: (
    principal: Principal,
    events: ReadonlyArray<BackendEvent>,
    context: ValidateContext,
  ) => Effect.Effect<ReadonlyArray<Rejection>, ServerFailure>
}

/** One poisoned event must not stop its client for ever. **Source** spec section 7. */
export const throwsMax = 5
/** Events whose throws are remembered; beyond it the oldest are forgotten and start again at 0. About 1 MB. */
const rememberedMax = 10_000

/** Runs the hook over events and counts its throws. */
export const makeEventValidation = (validate: Validate): EventValidation => {
  const throwsByEvent = new Map<string, number>()
  const countThrow = (key: string): number => {
    const count = (throwsByEvent.get(key) ?? 0) + 1
    throwsByEvent.delete(key)
    throwsByEvent.set(key, count)
    const oldest = throwsByEvent.size > rememberedMax ? throwsByEvent.keys().next().value : undefined
    if (oldest !== undefined) throwsByEvent.delete(oldest)
    return count
  }
  const checkOne = async (principal: Principal, event: BackendEvent, context: ValidateContext) => {
    const key = `${context.storeId}/${event.id}`
    try {
      const reason = await validate(principal, event, context)
      throwsByEvent.delete(key)
      return reason ?? undefined
    } catch (error) {
      if (countThrow(key) < throwsMax) throw error
      throwsByEvent.delete(key)
      return `ValidatorFailed: the server's validator threw ${throwsMax} times on this event`
    }
  }
  return {
    check: (principal, events, context) =>
      Effect.tryPromise({
        try: async () => {
          const rejections: Array<Rejection> = []
          for (const event of events) {
            const reason = await checkOne(principal, event, context)
            if (reason !== undefined) rejections.push({ eventId: event.id, reason })
          }
          return rejections
        },
        catch: () =>
          new ServerFailure({ tag: 'Unavailable', detail: 'the validate hook of this server failed; try again' }),
      }),
  }
}

/** Events whose args no client could read: no JSON, or nested beyond the protocol's limit. */
export const refuseArgs = (events: ReadonlyArray<BackendEvent>): ReadonlyArray<Rejection> => {
  const rejections: Array<Rejection> = []
  for (const event of events) {
    const fault = argsFault(event.argsJson)
    if (fault !== undefined) rejections.push({ eventId: event.id, reason: fault })
  }
  return rejections
}

const argsFault = (argsJson: string): string | undefined => {
  // So many levels have two brackets each.
  if (argsJson.length > 2 * argsDepthMax && depthOf(argsJson) > argsDepthMax)
    return `ArgsTooDeep: at most ${argsDepthMax} levels are taken`
  try {
    JSON.parse(argsJson)
    return undefined
  } catch {
    return 'ArgsNotJson: argsJson must be the text of one JSON value'
  }
}

/** Deepest nesting of brackets outside strings. Bounds the recursion of the parser that runs next. */
const depthOf = (json: string): number => {
  let depth = 0
  let deepest = 0
  for (let i = 0; i < json.length; i += 1) {
    const unit = json.charCodeAt(i)
    if (unit === 0x22) i = endOfString(json, i)
    else if (unit === 0x7b || unit === 0x5b) deepest = Math.max(deepest, (depth += 1))
    else if (unit === 0x7d || unit === 0x5d) depth -= 1
  }
  return deepest
}

/** Index of the quote that closes the string opened at `start`, or the length. */
const endOfString = (json: string, start: number): number => {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let backslashes = 0
    while (json.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes += 1
    if (backslashes % 2 === 0) return end
  }
  return json.length
}
