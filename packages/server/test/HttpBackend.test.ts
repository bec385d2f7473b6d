import { httpBackend } from '@headwater/backend-http'
import { type SyncBackend, eventSizeBytes } from '@headwater/core/backend'
import { type LogStorage, type ServerOptions, listen, makeHandler, sqliteLogStorage } from '@headwater/server'
import { type BackendUnderTest, runSyncBackendCase, syncBackendCases, syncBackendSuite } from '@headwater/testkit'
import { faultProxy } from '@headwater/testkit/node'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'
import { rmSync } from 'node:fs'
import { describe, test, vi } from 'vitest'
import { serverFixture, temporaryFolder } from './ServerFixture.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

/** The server's own is 50 ms; much longer, so that a busy machine does not look like a dead connection. */
const heartbeatMs = 2_000

/** The real client, over real HTTP through a proxy, against the real server with SQLite in a temporary folder. */
const makeBackend = async (live: 'sse' | 'poll'): Promise<BackendUnderTest> => {
  let token = 'valid'
  let retryAfterMs: number | null = null
  const options: Partial<ServerOptions> = {
    authorize: (request) => {
      if (retryAfterMs !== null) return { refused: 'too many requests', status: 429, retryAfterMs }
      return request.headers.get('authorization') === 'Bearer valid' ? { id: 'user' } : { refused: 'expired' }
    },
    validate: (_, event) => (event.name === 'refused' ? 'refused' : undefined),
  }
  const server = await serverFixture(options)
  const proxy = await faultProxy({ target: server.url, seed: 1 })
  return {
    provider: httpBackend({ url: proxy.url, getToken: async () => token, live, heartbeat: heartbeatMs }),
    restart: async () => {
      await server.stop()
      await server.start()
    },
    setOnline: (isOnline) => (isOnline ? server.start() : server.stop()),
    loseNextAnswer: async () => proxy.hitNext('cut-answer', { cutAfterBytes: 0 }, ({ method }) => method === 'POST'),
    setAuthorized: async (isAuthorized) => {
      token = isAuthorized ? 'valid' : 'expired'
    },
    setRateLimit: async (ms) => {
      retryAfterMs = ms
    },
    setStalled: async (isStalled) => (isStalled ? proxy.partition('black-hole') : proxy.heal()),
    // Time is what this is about: nothing else can be awaited.
    passSilence: () => new Promise((resolve) => setTimeout(resolve, 2.2 * heartbeatMs)),
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

/** `slowReader` is proved below, on a server whose reads are counted. */
const capabilities = [
  'restart',
  'offline',
  'loseAnswer',
  'refuse',
  'token',
  'rateLimit',
  'stall',
  'silence',
  'replaceLog',
  'restore',
] as const

describe('httpBackend over event streams', () => {
  syncBackendSuite({ test, capabilities, makeBackend: () => makeBackend('sse') })
})

describe('httpBackend over long-poll', () => {
  syncBackendSuite({ test, capabilities, makeBackend: () => makeBackend('poll') })
})

/** A server that counts what it reads for its readers, and a client that counts what arrives. */
const countedBackend = async (): Promise<BackendUnderTest> => {
  const folder = temporaryFolder()
  const storage = sqliteLogStorage({ folder })
  let [readBytes, takenBytes] = [0, 0]
  const read: LogStorage['read'] = (request) =>
    Effect.tap(storage.read(request), (answer) =>
      Effect.sync(() => {
        if (answer._tag === 'Events') readBytes += answer.eventsJson.reduce((sum, text) => sum + text.length, 0)
      }),
    )
  const listener = await listen({ handle: makeHandler({ storage: { ...storage, read } }), port: 0, host: '127.0.0.1' })
  const inner = httpBackend({ url: listener.url, live: 'sse' })
  const count = (backend: SyncBackend): SyncBackend => ({
    ...backend,
    pull: (request) =>
      Stream.tap(backend.pull(request), (page) =>
        Effect.sync(() => {
          takenBytes += page.events.reduce((sum, event) => sum + eventSizeBytes(event), 0)
        }),
      ),
  })
  return {
    provider: { name: inner.name, make: (context) => Effect.map(inner.make(context), count) },
    bufferedBytes: () => readBytes - takenBytes,
    close: async () => {
      await listener.close()
      await Effect.runPromise(storage.close)
      rmSync(folder, { recursive: true })
    },
  }
}

describe('httpBackend, slow readers', () => {
  for (const each of syncBackendCases.filter(({ needs }) => needs.includes('slowReader'))) {
    test(each.name, () => runSyncBackendCase({ makeBackend: countedBackend }, each))
  }
})
