import type { BackendConnection, BackendStatus } from '../channel/LeaderMessage.ts'
import { factsOf } from './LeaderFacts.ts'
import type { LeaderState, PushFailure } from './LeaderState.ts'

/** What the app is told of the backend; `pending` counts what it has not confirmed, client-only events included. */
export const backendStatusOf = (leader: LeaderState): BackendStatus => {
  const { backend, log, sync, stopped } = leader
  return {
    connection: stopped === null ? (backend.pushFailure?.connection ?? backend.connection) : 'stopped',
    name: backend.name,
    backendId: log.status.backendId,
    head: Math.max(backend.head, log.status.head),
    pending: sync.pending.length,
    // A stream that is still open goes on to bring pages, and each says that all is well with it.
    error: stopped === null ? (backend.error ?? backend.pushFailure?.error ?? null) : describeError(stopped),
    lastContactAt: backend.lastContactAt,
    isCaughtUp: backend.isCaughtUp,
  }
}

/** The part of an error that people and other threads get. */
export const describeError = (error: unknown): { readonly tag: string; readonly message: string } => {
  const tag = typeof error === 'object' && error !== null && '_tag' in error ? String(error._tag) : undefined
  if (error instanceof Error) return { tag: tag ?? error.name, message: error.message }
  return { tag: tag ?? 'Defect', message: String(error) }
}

/** Records how the backend answered, and tells the sessions if that is news. */
export const noteBackend = (
  leader: LeaderState,
  change: {
    readonly connection?: BackendConnection
    readonly head?: number
    readonly isCaughtUp?: boolean
    readonly error?: unknown
    readonly pushFailure?: PushFailure | null
  },
): void => {
  const { backend } = leader
  const seen = () =>
    JSON.stringify([
      backend.connection,
      backend.error,
      backend.pushFailure,
      backend.isCaughtUp,
      leader.stopped === null,
    ])
  const before = seen()
  if (change.connection !== undefined) backend.connection = change.connection
  if (change.head !== undefined) backend.head = Math.max(backend.head, change.head)
  if (change.isCaughtUp !== undefined) backend.isCaughtUp = change.isCaughtUp
  if ('error' in change) backend.error = change.error === null ? null : describeError(change.error)
  if (change.pushFailure !== undefined) backend.pushFailure = change.pushFailure
  if (change.connection === 'online') backend.lastContactAt = leader.environment.now()
  if (before !== seen()) tellStatus(leader)
}

export const tellStatus = (leader: LeaderState): void => {
  const status = backendStatusOf(leader)
  const facts = factsOf(leader)
  for (const feed of leader.feeds.values()) feed.sendStatus(facts, status)
}
