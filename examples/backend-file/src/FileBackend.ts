import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  BackendReset,
  type ConnectionState,
  HistoryChanged,
  ProtocolError,
  type PullPage,
  type PullRequest,
  type PulledEvent,
  type PushAnswer,
  type PushBatch,
  type SyncBackend,
  SyncBackendError,
  type SyncBackendProvider,
  SyncBackendReason,
  Unavailable,
  Unreachable,
  eventSizeBytes,
  pageBytesMax,
  pageEventsMax,
  storeIdPattern,
} from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Option from 'effect/Option'
import * as Schema from 'effect/Schema'
import * as Stream from 'effect/Stream'
import * as SubscriptionRef from 'effect/SubscriptionRef'
import { cursorAt, holdsCursor } from './Cursor.ts'
import { FileLog } from './FileLog.ts'
import { type Validate, headOf, holds, judgePush } from './PushJudgement.ts'

export interface FileBackendOptions {
  /** Made if it is not there. One process at a time uses a store of it. */
  readonly directory: string
  /** Gives the reason to refuse an event. Default: every event is taken. */
  readonly validate?: Validate
}

export interface FileBackend extends SyncBackendProvider {
  /** Ends every stream and closes the files; the next call opens them again. */
  readonly close: () => void
}

/** One client of one store: where its log is, and what it was told of its connection. */
interface FileClient {
  readonly path: string
  readonly validate: Validate
  readonly state: SubscriptionRef.SubscriptionRef<ConnectionState>
}

/** Open logs of this process by path, each with those who use it: all clients of a store share one. */
const openLogs = new Map<string, { readonly log: FileLog; readonly users: Set<FileClient> }>()

/**
 * Keeps every store's log in a file. For several clients in one process, and as a small complete backend to copy.
 *
 * **Example**
 * ```ts
 * const store = await createStore({ schema, storeId: 'demo', adapter, backend: fileBackend({ directory: './logs' }) })
 * ```
 */
export const fileBackend = ({ directory, validate = () => undefined }: FileBackendOptions): FileBackend => {
  const folder = resolve(directory)
  return {
    name: `file ${folder}`,
    make: Effect.fnUntraced(function* ({ storeId }) {
      const state = yield* SubscriptionRef.make<ConnectionState>('connecting')
      const client: FileClient = { path: join(folder, fileName(storeId)), validate, state }
      yield* Effect.addFinalizer(() => Effect.sync(() => leaveLog(client)))
      // Everything below makes a path of the storeId: it must be one.
      const call = <A>(operation: 'ping' | 'push' | 'pull', body: (log: FileLog) => A) =>
        attempt(client, operation, () => {
          if (!storeIdPattern.test(storeId)) throw new ProtocolError({ detail: `storeId must match ${storeIdPattern}` })
          mkdirSync(folder, { recursive: true })
          return body(logOf(client))
        })
      const backend: SyncBackend = {
        name: `file ${folder}`,
        ping: call('ping', (log) => ({ backendId: log.backendId, head: headOf(log) })),
        push: (batch) => call('push', (log) => push(client, log, batch)),
        pull: (request) => Stream.unwrap(call('pull', (log) => pull(client, log, request))),
        connection: SubscriptionRef.changes(state),
      }
      return backend
    }),
    close: () => {
      for (const path of openLogs.keys()) if (path.startsWith(join(folder, 'store-'))) closeLog(path)
    },
  }
}

/** File systems that ignore case must not mix up `A` and `a`. */
const fileName = (storeId: string): string =>
  `store-${storeId.replace(/[A-Z]/g, (letter) => `~${letter.toLowerCase()}`)}.jsonl`

const logOf = (client: FileClient): FileLog => {
  const open = openLogs.get(client.path) ?? { log: new FileLog(client.path), users: new Set() }
  openLogs.set(client.path, open)
  open.users.add(client)
  return open.log
}

const leaveLog = (client: FileClient): void => {
  const users = openLogs.get(client.path)?.users
  if (users?.delete(client) === true && users.size === 0) closeLog(client.path)
}

const closeLog = (path: string): void => {
  openLogs.get(path)?.log.close()
  openLogs.delete(path)
}

const isAway: ReadonlySet<string> = new Set(['Unavailable', 'Unreachable'])
const isReason = Schema.is(SyncBackendReason)

/** Runs a call. What it throws is its reason; what the file system throws is temporary, and everything is kept. */
const attempt = <A>(client: FileClient, operation: SyncBackendError['operation'], body: () => A) =>
  Effect.try({
    try: body,
    catch: (error) => {
      const reason = isReason(error) ? error : new Unavailable({ detail: String(error) })
      return new SyncBackendError({ operation, reason })
    },
  }).pipe(
    Effect.tap(() => note(client, 'online')),
    Effect.tapError(({ reason }) => note(client, isAway.has(reason._tag) ? 'offline' : 'online')),
  )

const note = ({ state }: FileClient, now: ConnectionState): Effect.Effect<void> =>
  SubscriptionRef.getUnsafe(state) === now ? Effect.void : SubscriptionRef.set(state, now)

/** Judged, written and synced without a pause: no other push can come in between, and none is told before it is on disk. */
const push = (client: FileClient, log: FileLog, batch: PushBatch): PushAnswer => {
  mustBe(log, batch.backendId)
  const judged = judgePush(log, batch, client.validate)
  if (judged._tag !== 'Append') return judged
  log.append(judged.events)
  return { _tag: 'Accepted', head: headOf(log) }
}

const mustBe = (log: FileLog, backendId: string): void => {
  if (backendId !== log.backendId) throw new BackendReset({ expected: backendId, received: log.backendId })
}

const pull = (client: FileClient, log: FileLog, request: PullRequest): Stream.Stream<PullPage, SyncBackendError> => {
  if (request.backendId !== null) mustBe(log, request.backendId)
  if (!holds(log, request.after) || !holdsCursor(log, request.cursor)) {
    const detail = `e${request.after.global} is not in the log, or not behind the same events`
    throw new HistoryChanged({ detail, headGlobal: log.events.length })
  }
  return Stream.paginate({ after: request.after.global, isFirst: true }, ({ after, isFirst }) =>
    Effect.gen(function* () {
      // The first page comes at once, also if it is empty. After it there is something to say, or nothing.
      while (after === log.events.length && !isFirst && !log.isClosed) yield* log.changed.await
      if (log.isClosed) return yield* attempt(client, 'pull', closed)
      const page = pageAfter(log, after)
      const isOver = page.isCaughtUp && !request.isLive
      const next = { after: after + page.events.length, isFirst: false }
      return [[page], isOver ? Option.none() : Option.some(next)] as const
    }),
  )
}

const closed = (): never => {
  throw new Unreachable({ detail: 'the log was closed' })
}

const pageAfter = (log: FileLog, after: number): PullPage => {
  const events: Array<PulledEvent> = []
  let bytes = 0
  for (const event of log.events.slice(after, after + pageEventsMax)) {
    bytes += eventSizeBytes(event)
    // One event may be as large as it likes, up to the protocol's limit: it is alone in its page then.
    if (events.length > 0 && bytes > pageBytesMax) break
    events.push(event)
  }
  const isCaughtUp = after + events.length === log.events.length
  return {
    backendId: log.backendId,
    events,
    cursor: cursorAt(log, after + events.length),
    head: headOf(log),
    isCaughtUp,
  }
}
