import * as Effect from 'effect/Effect'
import { ServerFailure } from './ServerFailure.ts'
import type { ServerRequest } from './ServerRequest.ts'

/** Who asks. What `authorize` gives. */
export interface Principal {
  /** Stored with every event as its author, and binds clientIds. `null`: allowed, but nobody in particular. */
  readonly id: string | null
  /** Takes events of clients that are bound to others: an administrator who pushes a whole log again. Default `false`. */
  readonly mayPushForOthers?: boolean
  /** When the token ends, in ms since 1970: an event stream ends then too, and the client comes with its next token. */
  readonly expiresAtMs?: number
}

/** Why not. 401 (default) asks for another token, 403 says that this one may not do it, 429 that it does too much. */
export interface Refusal {
  readonly refused: string
  readonly status?: 401 | 403 | 429
  /** With 429: when to come back. */
  readonly retryAfterMs?: number
}

export interface AuthorizeContext {
  readonly storeId: string
  /** Reading through Electric is a `pull` too. */
  readonly operation: 'info' | 'push' | 'pull'
}

/** Called for every request but `/health`. It must leave the body unread. What it throws is a 503 for this request. */
export type Authorize = (
  request: Request,
  context: AuthorizeContext,
) => Principal | Refusal | Promise<Principal | Refusal>

const refusalTags = { 401: 'Unauthorized', 403: 'Forbidden', 429: 'RateLimited' } as const

/** Who is allowed without saying who it is. */
export const anybody: Principal = { id: null }

/** Asks the hook, if there is one. */
export const authorizeRequest = (
  authorize: Authorize | undefined,
  request: ServerRequest,
  context: AuthorizeContext,
): Effect.Effect<Principal, ServerFailure> => {
  if (authorize === undefined) return Effect.succeed(anybody)
  return Effect.tryPromise({
    try: async () => authorize(request.real(), context),
    catch: () =>
      new ServerFailure({ tag: 'Unavailable', detail: 'the authorize hook of this server failed; try again' }),
  }).pipe(
    Effect.flatMap((answer) => {
      if (!('refused' in answer)) return Effect.succeed(answer)
      const tag = refusalTags[answer.status ?? 401]
      const fields = answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }
      return Effect.fail(new ServerFailure({ tag, detail: answer.refused, fields }))
    }),
  )
}
