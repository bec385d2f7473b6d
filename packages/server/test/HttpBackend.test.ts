import { httpBackend } from '@headwater/backend-http'
import { type SyncBackend, eventSizeBytes } from '@headwater/core/backend'
import { type LogStorage, listen, makeHandler, sqliteLogStorage } from '@headwater/server'
import { type BackendUnderTest, runSyncBackendCase, syncBackendCases, syncBackendSuite } from '@headwater/testkit'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'
import { rmSync } from 'node:fs'
import { describe, test, vi } from 'vitest'
import { type Place, httpBackendUnderTest, httpCapabilities, sideBySide } from './HttpBackendUnderTest.ts'
import { temporaryFolder } from './ServerFixture.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

const makeBackend = async (live: 'sse' | 'poll'): Promise<BackendUnderTest> => {
  const sqlite: Place = {
    options: {},
    replaceLog: async (storeId, server) =>
      server.edit((database) => {
        database.prepare('DELETE FROM event WHERE storeKey = (SELECT key FROM store WHERE storeId = ?)').run(storeId)
        database.prepare('DELETE FROM store WHERE storeId = ?').run(storeId)
      }),
    restore: async (storeId, global, server) =>
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
  }
  return httpBackendUnderTest(live, sqlite)
}

describe('httpBackend over event streams', () => {
  syncBackendSuite({ test: sideBySide(), capabilities: httpCapabilities, makeBackend: () => makeBackend('sse') })
})

describe('httpBackend over long-poll', () => {
  syncBackendSuite({ test: sideBySide(), capabilities: httpCapabilities, makeBackend: () => makeBackend('poll') })
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
