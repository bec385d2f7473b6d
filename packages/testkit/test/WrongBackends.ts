/** Backends that are wrong in one way each: the ways in which backends are wrong. A suite that lets one pass is too weak. */
import {
  Unavailable,
  ProtocolError,
  type PullPage,
  type PushAnswer,
  type PushBatch,
  type SyncBackend,
  SyncBackendError,
  type SyncBackendReason,
} from '@headwater/core/backend'
import { type BackendUnderTest, type MemoryBackend, memoryBackend } from '@headwater/testkit'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'

interface Wrong {
  /** What becomes of a connection. */
  readonly backend?: (right: SyncBackend) => SyncBackend
  /** What becomes of the store a client asks for. */
  readonly storeId?: (storeId: string) => string
  readonly under?: (memory: MemoryBackend) => Partial<BackendUnderTest>
}

const push = (
  change: (batch: PushBatch, right: SyncBackend) => Effect.Effect<PushAnswer, SyncBackendError>,
): Wrong => ({
  backend: (right) => ({ ...right, push: (batch) => change(batch, right) }),
})

const answers = (change: (answer: PushAnswer, batch: PushBatch) => PushAnswer): Wrong =>
  push((batch, right) => Effect.map(right.push(batch), (answer) => change(answer, batch)))

type Pages = Stream.Stream<PullPage, SyncBackendError>

const pulls = (change: (pages: Pages, isLive: boolean, right: SyncBackend) => Pages): Wrong => ({
  backend: (right) => ({ ...right, pull: (request) => change(right.pull(request), request.isLive, right) }),
})

const pages = (change: (page: PullPage) => ReadonlyArray<PullPage>): Wrong =>
  pulls((stream) => Stream.flattenIterable(Stream.map(stream, change)))

const reasons = (change: (reason: SyncBackendReason) => SyncBackendReason): Wrong => {
  const map = ({ operation, reason }: SyncBackendError) => new SyncBackendError({ operation, reason: change(reason) })
  return {
    backend: (right) => ({
      ...right,
      ping: Effect.mapError(right.ping, map),
      push: (batch) => Effect.mapError(right.push(batch), map),
      pull: (request) => Stream.mapError(right.pull(request), map),
    }),
  }
}

const halves = (batch: PushBatch): [PushBatch, PushBatch] => {
  const middle = batch.events.length >> 1
  const last = batch.events[middle - 1]
  const parent = last === undefined ? batch.parent : { global: last.global, eventId: last.id }
  return [
    { ...batch, events: batch.events.slice(0, middle) },
    { ...batch, parent, events: batch.events.slice(middle) },
  ]
}

const inHalves = (batch: PushBatch, right: SyncBackend): Effect.Effect<PushAnswer, SyncBackendError> =>
  Effect.gen(function* () {
    if (batch.events.length < 2) return yield* right.push(batch)
    const [first, second] = halves(batch)
    const answer = yield* right.push(first)
    yield* Effect.yieldNow
    return answer._tag === 'Accepted' ? yield* right.push(second) : answer
  })

export const wrongBackends: Readonly<Record<string, Wrong>> = {
  'checks the parent before known ids': push((batch, right) =>
    Effect.flatMap(right.ping, ({ head }) =>
      head.global > batch.parent.global
        ? Effect.succeed<PushAnswer>({ _tag: 'BackendAhead', head })
        : right.push(batch),
    ),
  ),
  'acknowledges without storing': push((batch) => {
    const last = batch.events.at(-1)
    return Effect.succeed({ _tag: 'Accepted', head: { global: last?.global ?? 0, eventId: last?.id ?? null } })
  }),
  'takes other content under a known id for the same event': push((batch, right) =>
    Effect.flatMap(right.push(batch), (answer) =>
      answer._tag === 'Rejected' && answer.rejections.every(({ reason }) => reason === 'DuplicateId')
        ? Effect.map(right.ping, ({ head }): PushAnswer => ({ _tag: 'Accepted', head }))
        : Effect.succeed(answer),
    ),
  ),
  'answers a known batch with its own end instead of the head': answers((answer, { events }) =>
    answer._tag === 'Accepted'
      ? { ...answer, head: { global: events.at(-1)!.global, eventId: events.at(-1)!.id } }
      : answer,
  ),
  'tells only a part of what is missing': answers((answer) =>
    answer._tag === 'BackendAhead' && answer.missing !== undefined
      ? { ...answer, missing: answer.missing.slice(0, -1) }
      : answer,
  ),
  'tells a page of what is missing': answers((answer) =>
    answer._tag === 'BackendAhead' && answer.missing !== undefined
      ? { ...answer, missing: answer.missing.slice(0, 1_000) }
      : answer,
  ),
  'calls a changed history an old one': answers((answer) =>
    answer._tag === 'HistoryChanged' ? { _tag: 'BackendAhead', head: answer.head } : answer,
  ),
  'calls an old parent a changed history': answers((answer) =>
    answer._tag === 'BackendAhead' ? { _tag: 'HistoryChanged', head: answer.head } : answer,
  ),
  'refuses without a reason': answers((answer) =>
    answer._tag === 'Rejected'
      ? { ...answer, rejections: answer.rejections.map((each) => ({ ...each, reason: '' })) }
      : answer,
  ),
  'stores what stands before a refused event': push((batch, right) =>
    Effect.gen(function* () {
      const index = batch.events.findIndex(({ name }) => name === 'refused')
      if (index > 0) yield* right.push({ ...batch, events: batch.events.slice(0, index) })
      return yield* right.push(batch)
    }),
  ),
  'stores batches in two steps': push(inHalves),
  'takes batches beyond the limit': push((batch, right) =>
    Effect.catch(right.push(batch), (error) =>
      error.reason._tag === 'BatchTooLarge' ? inHalves(batch, right) : Effect.fail(error),
    ),
  ),
  'parses args and writes them again': push((batch, right) =>
    right.push({
      ...batch,
      events: batch.events.map((event) => ({ ...event, argsJson: JSON.stringify(JSON.parse(event.argsJson)) })),
    }),
  ),
  'takes pushes for any log': push((batch, right) =>
    Effect.flatMap(right.ping, ({ backendId }) => right.push({ ...batch, backendId })),
  ),
  'ignores the case of a store': { storeId: (storeId) => storeId.toLowerCase() },
  'keeps one log for all stores': { storeId: () => 'one' },
  'says that an old head is the head': {
    backend: (right) => ({
      ...right,
      ping: Effect.map(right.ping, (info) => ({ ...info, head: { global: 0, eventId: null } })),
    }),
  },
  'drops the last event of a page': pages((page) => [
    page.events.length > 1 ? { ...page, events: page.events.slice(0, -1) } : page,
  ]),
  'sends pages twice': pages((page) => [page, page]),
  'says caught up too early': pulls((stream) =>
    Stream.takeUntil(
      Stream.map(stream, (page) => ({ ...page, isCaughtUp: true })),
      () => true,
    ),
  ),
  'begins a live stream with silence': pulls((stream, isLive) =>
    isLive ? Stream.filter(stream, (page) => page.events.length > 0) : stream,
  ),
  'ends a live stream that is caught up': pulls((stream) => Stream.takeUntil(stream, ({ isCaughtUp }) => isCaughtUp)),
  'sends empty pages before the end': pages((page) => [{ ...page, events: [], isCaughtUp: false }, page]),
  'takes a place beyond the head for caught up': {
    backend: (right) => ({
      ...right,
      pull: (request) =>
        Stream.catch(right.pull(request), (error) =>
          error.reason._tag === 'HistoryChanged'
            ? right.pull({ ...request, after: { global: 0, eventId: null } }).pipe(Stream.take(0))
            : Stream.fail(error),
        ),
    }),
  },
  'trusts a cursor instead of the place': {
    backend: (right) => ({
      ...right,
      pull: (request) =>
        request.cursor === null
          ? right.pull(request)
          : Stream.drop(right.pull({ ...request, after: { global: 0, eventId: null } }), 1),
    }),
  },
  'ignores cursors': {
    backend: (right) => ({ ...right, pull: (request) => right.pull({ ...request, cursor: null }) }),
  },
  'calls everything offline a breach of the protocol': reasons((reason) =>
    reason._tag === 'Unreachable' ? new ProtocolError({ detail: 'wrong' }) : reason,
  ),
  'calls a refused token unavailable': reasons((reason) =>
    reason._tag === 'Unauthorized' ? new Unavailable({ detail: 'wrong' }) : reason,
  ),
  'forgets when to come back': reasons((reason) =>
    reason._tag === 'RateLimited' ? new Unavailable({ detail: 'wrong' }) : reason,
  ),
  'is always online': { backend: (right) => ({ ...right, connection: Stream.make('online') }) },
  'loses the last acknowledged event at a restart': {
    under: (memory) => {
      const storeIds = new Set<string>()
      return {
        provider: {
          name: 'wrong',
          make: (context) => {
            storeIds.add(context.storeId)
            return memory.make(context)
          },
        },
        restart: async () => {
          for (const storeId of storeIds) memory.restore(storeId, Math.max(0, memory.log(storeId).length - 1))
          memory.restart()
        },
      }
    },
  },
  'keeps its id when its log is replaced': {
    under: (memory) => ({ replaceLog: async (storeId) => memory.restore(storeId, 0) }),
  },
}

/** A fresh one, which can do everything that memory can. */
export const makeWrong = (wrong: Wrong): BackendUnderTest => {
  const memory = memoryBackend()
  memory.setValidator(({ name }) => (name === 'refused' ? 'refused' : undefined))
  const { backend = (right: SyncBackend) => right, storeId = (id: string) => id } = wrong
  return {
    provider: {
      name: 'wrong',
      make: (context) => Effect.map(memory.make({ ...context, storeId: storeId(context.storeId) }), backend),
    },
    restart: async () => memory.restart(),
    setOnline: async (isOnline) => memory.setOnline(isOnline),
    loseNextAnswer: async () => memory.loseNextAnswer(),
    setAuthorized: async (isAuthorized) => memory.setAuthorized(isAuthorized),
    setRateLimit: async (retryAfterMs) => memory.setRateLimit(retryAfterMs),
    replaceLog: async (id) => memory.replaceLog(id),
    restore: async (id, global) => memory.restore(id, global),
    close: async () => undefined,
    ...wrong.under?.(memory),
  }
}
