import type {
  PullPage,
  PulledEvent,
  PullRequest,
  PushAnswer,
  PushBatch,
  SyncBackendProvider,
} from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Latch from 'effect/Latch'
import * as Queue from 'effect/Queue'
import * as Stream from 'effect/Stream'

/**
 * A backend in the app's own thread, without a network, that does nothing by itself: somebody else's events arrive when
 * the workload says so, and pushes wait until they are let through.
 */
export interface HeldBackend {
  readonly provider: SyncBackendProvider
  /** Somebody else's events of that name, behind everything that the backend has. */
  readonly deliver: (name: string, args: ReadonlyArray<unknown>) => void
  /** Pushes are answered from now on. */
  readonly release: () => void
  /** Pushes wait from now on. */
  readonly hold: () => void
}

const pageMax = 1_000
const backendId = 'held'

/** A backend that nobody reaches: no call is ever answered. */
export const silentBackend: SyncBackendProvider = {
  name: 'silent',
  make: () =>
    Effect.succeed({
      name: 'silent',
      ping: Effect.never,
      push: () => Effect.never,
      pull: () => Stream.never,
      connection: Stream.succeed('offline' as const),
    }),
}

/** Starts empty, with pushes held. */
export const heldBackend = (): HeldBackend => {
  const log: Array<PulledEvent> = []
  const listeners = new Set<() => void>()
  const mayPush = Latch.makeUnsafe(false)
  const append = (events: ReadonlyArray<PulledEvent>): void => {
    for (const event of events) log.push(event)
    for (const listener of listeners) listener()
  }
  return {
    provider: {
      name: 'held',
      make: () =>
        Effect.succeed({
          name: 'held',
          ping: Effect.sync(() => ({ backendId, head: headOf(log) })),
          push: (batch) => Effect.map(mayPush.await, () => judge(log, batch, append)),
          pull: (request) => pull(log, request, listeners),
          connection: Stream.succeed('online' as const),
        }),
    },
    deliver: (name, args) => append(args.map((of, i) => foreignEvent(log, i, name, of))),
    release: () => void mayPush.openUnsafe(),
    hold: () => void mayPush.closeUnsafe(),
  }
}

const headOf = (log: ReadonlyArray<PulledEvent>) => ({ global: log.length, eventId: log.at(-1)?.id ?? null })

/** Ids that no event of ours has. */
const foreignId = (global: number): string => `00000000-0000-4000-9000-${String(global).padStart(12, '0')}`

const foreignEvent = (log: ReadonlyArray<PulledEvent>, i: number, name: string, args: unknown): PulledEvent => {
  const global = log.length + i + 1
  return {
    global,
    parentGlobal: global - 1,
    parentId: i === 0 ? (log.at(-1)?.id ?? null) : foreignId(global - 1),
    id: foreignId(global),
    name,
    argsJson: JSON.stringify(args),
    clientId: foreignId(0),
    sessionId: foreignId(0),
    createdAt: 0,
    syncMetadataJson: null,
  }
}

const judge = (
  log: ReadonlyArray<PulledEvent>,
  { parent, events }: PushBatch,
  append: (events: ReadonlyArray<PulledEvent>) => void,
): PushAnswer => {
  if (parent.global < log.length) {
    const missing = log.slice(parent.global)
    return { _tag: 'BackendAhead', head: headOf(log), ...(missing.length <= pageMax ? { missing } : {}) }
  }
  append(events.map((event) => ({ ...event, syncMetadataJson: null })))
  return { _tag: 'Accepted', head: headOf(log) }
}

const pull = (
  log: ReadonlyArray<PulledEvent>,
  { after, isLive }: PullRequest,
  listeners: Set<() => void>,
): Stream.Stream<PullPage> =>
  Stream.callback<PullPage>((queue) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        let sent = after.global
        const send = (): void => {
          do {
            const events = log.slice(sent, sent + pageMax)
            sent += events.length
            const isCaughtUp = sent === log.length
            Queue.offerUnsafe(queue, { backendId, events, cursor: null, head: headOf(log), isCaughtUp })
          } while (sent < log.length)
        }
        send()
        if (isLive) listeners.add(send)
        else Queue.endUnsafe(queue)
        return send
      }),
      (send) => Effect.sync(() => listeners.delete(send)),
    ),
  )
