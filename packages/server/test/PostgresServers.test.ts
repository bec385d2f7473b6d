import { httpBackend } from '@headwater/backend-http'
import type { BackendEvent, BackendPosition, PulledEvent, SyncBackend, SyncBackendError } from '@headwater/core/backend'
import { type PostgresFixture, postgresFixture } from '@headwater/testkit/postgres'
import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import * as Fiber from 'effect/Fiber'
import * as Schedule from 'effect/Schedule'
import * as Scope from 'effect/Scope'
import * as Stream from 'effect/Stream'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { chain, endOf } from './LogStorageSuite.ts'
import { root } from './Requests.ts'
import { type ServerProcess, startServerProcess } from './ServerProcess.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 })

let postgres: PostgresFixture
let servers: ReadonlyArray<ServerProcess> = []
beforeAll(async () => {
  postgres = await postgresFixture()
  const url = await postgres.makeDatabase()
  servers = await Promise.all([0, 1, 2].map(() => startServerProcess({ HEADWATER_DATABASE_URL: url })))
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()))
  await postgres.close()
})

const run = Effect.runPromise

/** Tries again what fails retryable, as clients do. */
const again = <A>(effect: Effect.Effect<A, SyncBackendError>): Effect.Effect<A, SyncBackendError> =>
  Effect.retry(effect, { schedule: Schedule.spaced(50), while: (error) => error.isRetryable })

interface Client {
  readonly backend: SyncBackend
  readonly backendId: string
  /** What the log holds, from the root, page after page. */
  readonly log: () => Promise<ReadonlyArray<PulledEvent>>
  /** Pushes these events until they are in the log, behind whatever came first. The answer is where they ended up. */
  readonly land: (events: ReadonlyArray<BackendEvent>) => Promise<BackendPosition>
  readonly close: () => Promise<void>
}

let clients = 0

const connect = async (server: number, storeId: string): Promise<Client> => {
  const scope = Scope.makeUnsafe()
  const clientId = `client-${clients++}`
  const made = httpBackend({ url: servers[server]?.url ?? '' }).make({ storeId, clientId })
  const backend = await run(Scope.provide(made, scope))
  const { backendId } = await run(again(backend.ping))
  let head = root
  const land = (events: ReadonlyArray<BackendEvent>): Effect.Effect<BackendPosition, SyncBackendError> =>
    Effect.gen(function* () {
      for (;;) {
        const batch = renumbered(head, events)
        const answer = yield* again(backend.push({ backendId, parent: head, events: batch }))
        if (answer._tag === 'Rejected' || answer._tag === 'HistoryChanged') {
          throw new Error(`expected Accepted or BackendAhead, got ${JSON.stringify(answer)}`)
        }
        head = answer.head
        if (answer._tag === 'Accepted') return head
      }
    })
  return {
    backend,
    backendId,
    log: async () => {
      const pages = await run(
        again(Stream.runCollect(backend.pull({ backendId, after: root, cursor: null, isLive: false }))),
      )
      return pages.flatMap((page) => [...page.events])
    },
    land: (events) => run(land(events)),
    close: () => run(Scope.close(scope, Exit.void)),
  }
}

const renumbered = (parent: BackendPosition, events: ReadonlyArray<BackendEvent>): ReadonlyArray<BackendEvent> => {
  let before = parent
  return events.map((each) => {
    const moved = { ...each, global: before.global + 1, parentGlobal: before.global, parentId: before.eventId }
    before = endOf([moved])
    return moved
  })
}

/** Follows a log from the root over every cut, as a client does: from the last position it has. */
const follow = (client: Client): { readonly events: Array<PulledEvent>; readonly end: () => Promise<void> } => {
  const events: Array<PulledEvent> = []
  const once = Effect.suspend(() =>
    Stream.runForEach(
      client.backend.pull({ backendId: client.backendId, after: endOf(events), cursor: null, isLive: true }),
      (page) => Effect.sync(() => void events.push(...page.events)),
    ),
  )
  const fiber = Effect.runFork(again(once))
  return { events, end: () => run(Effect.asVoid(Fiber.interrupt(fiber))) }
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** Ids that are missing, that are there twice, and events that do not follow the one before. */
const faultsOf = (log: ReadonlyArray<PulledEvent>, pushed: ReadonlyArray<BackendEvent>) => {
  const ids = new Set(log.map(({ id }) => id))
  const gaps = log.filter((each, index) => {
    const before = index === 0 ? root : endOf(log.slice(index - 1, index))
    return each.parentId !== before.eventId || each.global !== before.global + 1
  })
  return { lost: pushed.filter(({ id }) => !ids.has(id)).length, twice: log.length - ids.size, gaps: gaps.length }
}
const faultless = { lost: 0, twice: 0, gaps: 0 }

test('three servers: one killed, one restarted, PostgreSQL crashed under load: converged, nothing lost', async () => {
  const [stores, clientsEach, batches] = [['north', 'south'], 6, 12]
  const pushed = new Map<string, Array<BackendEvent>>(stores.map((storeId) => [storeId, []]))
  let landed = 0
  const total = stores.length * clientsEach * batches
  const writers = stores.flatMap((storeId) =>
    Array.from({ length: clientsEach }, async (_, index) => {
      const client = await connect(index % 3, storeId)
      for (let batch = 0; batch < batches; batch += 1) {
        const events = chain(root, 3, () => ({ clientId: `${storeId}-${index}` }))
        await client.land(events)
        pushed.get(storeId)?.push(...events)
        landed += 1
      }
      await client.close()
    }),
  )
  const readers = await Promise.all(
    stores.flatMap((storeId) => [0, 1, 2].map(async (server) => ({ storeId, client: await connect(server, storeId) }))),
  )
  const followed = readers.map(({ client }) => follow(client))
  const faults = (async () => {
    await until(() => landed > total * 0.2)
    await servers[0]?.kill()
    await until(() => landed > total * 0.3)
    await servers[0]?.start()
    await until(() => landed > total * 0.5)
    await servers[1]?.stop()
    await servers[1]?.start()
    await until(() => landed > total * 0.7)
    await postgres.control?.crash()
  })()
  await Promise.all([...writers, faults])
  let events = 0
  for (const [index, { storeId, client }] of readers.entries()) {
    const mine = pushed.get(storeId) ?? []
    const log = await client.log()
    expect(faultsOf(log, mine)).toEqual(faultless)
    expect(log.length).toBe(mine.length)
    const seen = followed[index]
    await until(() => (seen?.events.length ?? 0) >= log.length)
    expect(seen?.events).toEqual(log)
    await seen?.end()
    await client.close()
    events += log.length
  }
  console.log(
    `PROOF servers=3 killed=1 restarted=1 postgres_crashes=${postgres.control === undefined ? 0 : 1} logs_compared=${readers.length} events_read=${events} lost=0 twice=0`,
  )
})

test('200 writers on one hot store, over three servers: everybody lands, once', async () => {
  const writers = await Promise.all(Array.from({ length: 200 }, (_, index) => connect(index % 3, 'hot')))
  const batches = writers.map((_, index) => chain(root, 2, () => ({ clientId: `writer-${index}` })))
  await Promise.all(writers.map((writer, index) => writer.land(batches[index] ?? [])))
  const log = (await writers[0]?.log()) ?? []
  expect(faultsOf(log, batches.flat())).toEqual(faultless)
  expect(log.length).toBe(400)
  await Promise.all(writers.map((writer) => writer.close()))
  console.log(`PROOF hot_writers=200 servers=3 events=${log.length} lost=0 twice=0`)
})

test('1,000 stores over three servers: each is read in full from another server than it was written to', async () => {
  const storeIds = Array.from({ length: 1_000 }, (_, index) => `store-${index}`)
  let read = 0
  const work = async (lane: number): Promise<void> => {
    for (let index = lane; index < storeIds.length; index += 40) {
      const storeId = storeIds[index] ?? ''
      const writer = await connect(index % 3, storeId)
      const events = chain(root, 3)
      await writer.land(events)
      const reader = await connect((index + 1) % 3, storeId)
      const log = await reader.log()
      expect(faultsOf(log, events)).toEqual(faultless)
      read += log.length
      await Promise.all([writer.close(), reader.close()])
    }
  }
  await Promise.all(Array.from({ length: 40 }, (_, lane) => work(lane)))
  expect(read).toBe(3_000)
  console.log(`PROOF stores=1000 servers=3 events=${read} lost=0`)
})
