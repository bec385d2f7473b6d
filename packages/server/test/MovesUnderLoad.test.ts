import type { BackendEvent } from '@headwater/core/backend'
import { type PostgresFixture, postgresFixture } from '@headwater/testkit/postgres'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { moveStore } from '../src/StoreMove.ts'
import { chain } from './LogStorageSuite.ts'
import { copiesOf, idsOf, withDatabases } from './MoveFixture.ts'
import { root } from './Requests.ts'
import { type Client, connect, faultless, faultsOf, follow, until } from './ServerClients.ts'
import { type ServerProcess, startServerProcess } from './ServerProcess.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 })

let postgres: PostgresFixture
let urls: ReadonlyArray<string> = []
let servers: ReadonlyArray<ServerProcess> = []
beforeAll(async () => {
  postgres = await postgresFixture()
  urls = await Promise.all([postgres.makeDatabase(), postgres.makeDatabase()])
  servers = await Promise.all([0, 1].map(() => startServerProcess({ HEADWATER_DATABASE_URL: urls.join(' ') })))
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()))
  await postgres.close()
})

/** Pushes without pause until it is told to stop, and notes the longest time between two answers. */
const writer = (client: Client, clientId: string) => {
  const pushed: Array<BackendEvent> = []
  let [isEnded, longestMs] = [false, 0]
  const ended = (async () => {
    while (!isEnded) {
      const [startMs, events] = [performance.now(), chain(root, 20, () => ({ clientId }))]
      await client.land(events)
      longestMs = Math.max(longestMs, performance.now() - startMs)
      pushed.push(...events)
    }
  })()
  return {
    pushed,
    stop: async (): Promise<number> => {
      isEnded = true
      await ended
      return longestMs
    },
  }
}

const moves = 6

test('stores move to and fro under load, one server is killed meanwhile: nothing lost, nothing twice, readers see all', async () => {
  const storeIds = ['east', 'west']
  const clients = await Promise.all(
    storeIds.flatMap((storeId) =>
      [0, 1].map(async (server) => ({ storeId, server, client: await connect(servers[server]?.url ?? '', storeId) })),
    ),
  )
  const writers = clients.map(({ storeId, server, client }) => writer(client, `${storeId}-${server}`))
  const followed = clients.map(({ client }) => follow(client))
  const lockedMs: Array<number> = []
  await withDatabases(urls, 'public', async (databases) => {
    for (let round = 0; round < moves; round += 1) {
      for (const storeId of storeIds) {
        const { database } = await databases.placements.of(storeId)
        const to = databases.all.find((each) => each !== database)
        if (to === undefined) throw new Error('there are two databases')
        const outcome = await moveStore(databases, storeId, to)
        databases.placements.forget(storeId)
        lockedMs.push(outcome.lockedMs)
      }
      const before = writers[0]?.pushed.length ?? 0
      await until(() => (writers[0]?.pushed.length ?? 0) > before)
      if (round !== moves / 2) continue
      await servers[1]?.kill()
      await servers[1]?.start()
    }
  })
  // The kill is in the longest waits of the second server's clients, moves are in everybody's.
  const longestMs = await Promise.all(writers.map((each) => each.stop()))
  let events = 0
  for (const storeId of storeIds) {
    const mine = writers.flatMap(({ pushed }, index) => (clients[index]?.storeId === storeId ? pushed : []))
    const copies = await copiesOf(urls, 'public', storeId)
    expect([copies.here.length, Object.keys(copies.events)]).toEqual([1, copies.here])
    expect(copies.ids.length).toBe(mine.length)
    for (const [index, { client }] of clients.entries()) {
      if (clients[index]?.storeId !== storeId) continue
      const log = await client.log()
      expect(faultsOf(log, mine)).toEqual(faultless)
      expect(idsOf(log)).toEqual(copies.ids)
      await until(() => (followed[index]?.events.length ?? 0) >= log.length)
      expect(followed[index]?.events).toEqual(log)
    }
    events += mine.length
  }
  await Promise.all(followed.map(({ end }) => end()))
  await Promise.all(clients.map(({ client }) => client.close()))
  const atMost = (values: ReadonlyArray<number>): number => Math.ceil(Math.max(...values))
  // Far above what is measured, and far below what a client would call an outage.
  expect(atMost(longestMs.filter((_, index) => clients[index]?.server === 0))).toBeLessThan(10_000)
  console.log(
    `PROOF moves=${lockedMs.length} servers=2 killed=1 events=${events} readers=${followed.length} lost=0 twice=0 locked_ms_max=${atMost(lockedMs)} push_ms_max=${atMost(longestMs)}`,
  )
})
