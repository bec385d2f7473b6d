import type { BackendEvent } from '@headwater/core/backend'
import { type PostgresFixture, postgresFixture } from '@headwater/testkit/postgres'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { chain } from './LogStorageSuite.ts'
import { root } from './Requests.ts'
import { connect, faultless, faultsOf, follow, until } from './ServerClients.ts'
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

const connectTo = (server: number, storeId: string) => connect(servers[server]?.url ?? '', storeId)

test('three servers: one killed, one restarted, PostgreSQL crashed under load: converged, nothing lost', async () => {
  const [stores, clientsEach, batches] = [['north', 'south'], 6, 12]
  const pushed = new Map<string, Array<BackendEvent>>(stores.map((storeId) => [storeId, []]))
  let landed = 0
  const total = stores.length * clientsEach * batches
  const writers = stores.flatMap((storeId) =>
    Array.from({ length: clientsEach }, async (_, index) => {
      const client = await connectTo(index % 3, storeId)
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
    stores.flatMap((storeId) =>
      [0, 1, 2].map(async (server) => ({ storeId, client: await connectTo(server, storeId) })),
    ),
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
  const writers = await Promise.all(Array.from({ length: 200 }, (_, index) => connectTo(index % 3, 'hot')))
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
      const writer = await connectTo(index % 3, storeId)
      const events = chain(root, 3)
      await writer.land(events)
      const reader = await connectTo((index + 1) % 3, storeId)
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
