import { httpBackend } from '@headwater/backend-http'
import { type ServerOptions } from '@headwater/server'
import { type BackendUnderTest, syncBackendSuite } from '@headwater/testkit'
import { faultProxy } from '@headwater/testkit/node'
import { describe, test, vi } from 'vitest'
import { serverFixture } from './ServerFixture.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

/** The real client, over real HTTP through a proxy, against the real server with SQLite in a temporary folder. */
const makeBackend = async (live: 'sse' | 'poll'): Promise<BackendUnderTest> => {
  let token = 'valid'
  const options: Partial<ServerOptions> = {
    authorize: (request) =>
      request.headers.get('authorization') === 'Bearer valid' ? { id: 'user' } : { refused: 'expired' },
    validate: (_, event) => (event.name === 'refused' ? 'refused' : undefined),
  }
  const server = await serverFixture(options)
  const proxy = await faultProxy({ target: server.url, seed: 1 })
  return {
    provider: httpBackend({ url: proxy.url, getToken: async () => token, live, heartbeat: 2_000 }),
    restart: async () => {
      await server.stop()
      await server.start()
    },
    setOnline: (isOnline) => (isOnline ? server.start() : server.stop()),
    loseNextAnswer: async () => proxy.hitNext('cut-answer', { cutAfterBytes: 0 }, ({ method }) => method === 'POST'),
    setAuthorized: async (isAuthorized) => {
      token = isAuthorized ? 'valid' : 'expired'
    },
    replaceLog: async (storeId) =>
      server.edit((database) => {
        database.prepare('DELETE FROM event WHERE storeKey = (SELECT key FROM store WHERE storeId = ?)').run(storeId)
        database.prepare('DELETE FROM store WHERE storeId = ?').run(storeId)
      }),
    restore: async (storeId, global) =>
      server.edit((database) => {
        const { key } = database
          .prepare<[string], { key: number }>('SELECT key FROM store WHERE storeId = ?')
          .get(storeId) ?? { key: 0 }
        database.prepare('DELETE FROM event WHERE storeKey = ? AND global > ?').run(key, global)
        database
          .prepare(
            'UPDATE store SET headGlobal = ?, headId = (SELECT eventId FROM event WHERE storeKey = key AND global = ?) WHERE key = ?',
          )
          .run(global, global, key)
      }),
    close: async () => {
      await proxy.close()
      await server.close()
    },
  }
}

const capabilities = ['restart', 'offline', 'loseAnswer', 'refuse', 'token', 'replaceLog', 'restore'] as const

describe('httpBackend over event streams', () => {
  syncBackendSuite({ test, capabilities, makeBackend: () => makeBackend('sse') })
})

describe('httpBackend over long-poll', () => {
  syncBackendSuite({ test, capabilities, makeBackend: () => makeBackend('poll') })
})
