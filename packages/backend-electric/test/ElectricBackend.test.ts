import { electricBackend } from '@headwater/backend-electric'
import { type BackendUnderTest, syncBackendSuite } from '@headwater/testkit'
import { electricFixture } from '@headwater/testkit/electric'
import { type PostgresFixture, postgresFixture } from '@headwater/testkit/postgres'
import { afterAll, beforeAll, describe, vi } from 'vitest'
import { httpBackendUnderTest, httpCapabilities, sideBySide } from '../../server/test/HttpBackendUnderTest.ts'
import { postgresPlace } from '../../server/test/PostgresPlace.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let postgres: PostgresFixture
let url = ''
beforeAll(async () => {
  postgres = await postgresFixture({ isReplicated: true })
  url = await postgres.makeDatabase()
})
afterAll(() => postgres.close())

let schemas = 0

/** The real client with Electric's real client in it, over real HTTP, against the real server and proxy, over PostgreSQL. */
const makeBackend = async (live: 'sse' | 'poll'): Promise<BackendUnderTest> => {
  const place = postgresPlace(url, `suite_${schemas++}`)
  // One of its own: cases run side by side, and some restart it.
  const electric = await electricFixture({
    databaseUrl: url,
    secret: 'electric-secret',
    // Long polls end within the suite's heartbeat, and a log of some thousand events is several chunks.
    pollMs: 1_000,
    chunkBytes: 1024 * 1024,
    shuffleSeed: 1,
  })
  const under = await httpBackendUnderTest(
    live,
    {
      ...place,
      options: { ...place.options, electric: { url: electric.url, secret: 'electric-secret' } },
      restart: async () => {
        await electric.stop()
        await electric.start()
      },
    },
    (options) => electricBackend({ ...options, firstByteTimeout: 2_000 }),
  )
  return {
    ...under,
    close: async () => {
      await under.close()
      await electric.close()
    },
  }
}

describe('electricBackend over event streams', () => {
  syncBackendSuite({ test: sideBySide(), capabilities: httpCapabilities, makeBackend: () => makeBackend('sse') })
})

/** What a live pull's way has no part in was shown over event streams; all of it takes another minute. */
const isAll = process.env['HEADWATER_ELECTRIC_ALL'] === '1'
const liveOnes = /^live:|\bstreams?\b/

describe('electricBackend over long polls', () => {
  const isMeant = (name: string): boolean => isAll || liveOnes.test(name)
  syncBackendSuite({
    test: sideBySide(isMeant),
    capabilities: httpCapabilities,
    makeBackend: () => makeBackend('poll'),
  })
})
