/** Whole stores over Electric: two devices, restarts, and the other backend on the same server in between. */
import { electricBackend } from '@headwater/backend-electric'
import { httpBackend } from '@headwater/backend-http'
import type { Store } from '@headwater/core'
import { type PostgresFixture, freePort, postgresFixture } from '@headwater/testkit/postgres'
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openStore, temporaryFolder } from '../../adapter-node/test/Folder.ts'
import { todoCreated, todos } from '../../adapter-node/test/Todos.ts'
import { type ServerProcess, startServerProcess } from '../../server/test/ServerProcess.ts'
import { electricFixture } from '@headwater/testkit/electric'
import { electricWorld } from './ElectricWorld.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let postgres: PostgresFixture
beforeAll(async () => {
  postgres = await postgresFixture({ isReplicated: true })
})
afterAll(() => postgres.close())

const texts = (store: Store): ReadonlyArray<string> => store.query(todos.orderBy('id')).map(({ text }) => text)
const shows = (store: Store, count: number): Promise<unknown> =>
  vi.waitUntil(() => texts(store).length === count, { timeout: 30_000 })

test('two devices, each restarted with the other backend: one log, and nobody is told of another', async ({
  onTestFinished,
}) => {
  const { server, close } = await electricWorld(postgres, { server: { token: 'token' } })
  onTestFinished(close)
  const options = { url: server.url, getToken: () => 'token' }
  const backends = [electricBackend(options), httpBackend(options)]
  const folders = [temporaryFolder(), temporaryFolder()]
  let count = 0
  for (let round = 0; round < 3; round += 1) {
    const stores: Array<Store> = []
    for (const [device, directory] of folders.entries()) {
      const backend = backends[(device + round) % 2]!
      stores.push(await openStore({ directory, leader: 'same-thread', backend }))
    }
    for (const [device, store] of stores.entries()) {
      for (let nth = 0; nth < 5; nth += 1) {
        const id = `${round}-${device}-${nth}`
        store.commit(todoCreated({ id, text: id }))
        count += 1
      }
    }
    for (const store of stores) {
      await shows(store, count)
      await vi.waitUntil(() => store.status.isSynced, { timeout: 30_000 })
      expect(store.status.backend.error).toBeNull()
    }
    expect(texts(stores[0]!)).toEqual(texts(stores[1]!))
    for (const store of stores) await store.close()
  }
})

test('the server and its proxy by one command, with secrets from the environment', async ({ onTestFinished }) => {
  const databaseUrl = await postgres.makeDatabase()
  const electric = await electricFixture({ databaseUrl, secret: 'electric-secret', pollMs: 1_000 })
  onTestFinished(electric.close)
  const server: ServerProcess = await startServerProcess({
    HEADWATER_DATABASE_URL: databaseUrl,
    HEADWATER_ELECTRIC_URL: electric.url,
    HEADWATER_ELECTRIC_SECRET: 'electric-secret',
    HEADWATER_TOKEN: 'token',
  })
  onTestFinished(server.kill)
  const health = await (await fetch(`${server.url}/health`)).json()
  expect(health).toMatchObject({ status: 'ok', electric: 'active' })
  expect((await fetch(`${server.url}/v1/stores/demo/shape?offset=-1`)).status).toBe(401)
  const backend = () => electricBackend({ url: server.url, getToken: () => 'token' })
  const [writer, reader] = [
    await openStore({ directory: temporaryFolder(), leader: 'same-thread', backend: backend() }),
    await openStore({ directory: temporaryFolder(), leader: 'same-thread', backend: backend() }),
  ]
  writer.commit(todoCreated({ id: '1', text: 'hello' }))
  await shows(reader, 1)
  await server.stop()
  writer.commit(todoCreated({ id: '2', text: 'offline' }))
  expect(texts(writer)).toEqual(['hello', 'offline'])
  await server.start()
  await shows(reader, 2)
})

test('a wrong secret, or no Electric there: pushes work, pulls say that it is away', async ({ onTestFinished }) => {
  const databaseUrl = await postgres.makeDatabase()
  const electric = await electricFixture({ databaseUrl, secret: 'electric-secret' })
  onTestFinished(electric.close)
  const nobody = `http://127.0.0.1:${await freePort()}`
  for (const at of [{ url: electric.url, secret: 'wrong' }, { url: nobody }]) {
    const world = await electricWorld(postgres, { server: { electric: at } })
    onTestFinished(world.close)
    const store = await openStore({
      directory: temporaryFolder(),
      leader: 'same-thread',
      backend: electricBackend({ url: world.server.url }),
    })
    store.commit(todoCreated({ id: '1', text: 'kept' }))
    await vi.waitUntil(() => store.status.backend.error !== null, { timeout: 30_000 })
    expect(store.status.backend.error?.message).toMatch(/Electric cannot be used at the moment/)
    // Pushed although nothing can be pulled.
    await vi.waitUntil(async () => {
      const info = (await (await fetch(`${world.server.url}/v1/stores/demo`)).json()) as { head: { global: number } }
      return info.head.global === 1
    })
    await store.close({ signal: AbortSignal.timeout(100) }).catch(() => undefined)
  }
})

test('the client is for browsers too: all that it imports goes into one file, and nothing of Node is among it', async () => {
  const { metafile, warnings } = await build({
    entryPoints: [fileURLToPath(new URL('../src/index.ts', import.meta.url))],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    metafile: true,
    write: false,
  })
  expect(warnings).toEqual([])
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([])
})
