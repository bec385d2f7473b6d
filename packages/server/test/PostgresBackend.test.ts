import { type BackendUnderTest, syncBackendSuite } from '@headwater/testkit'
import { type PostgresFixture, postgresFixture } from '@headwater/testkit/postgres'
import { afterAll, beforeAll, vi } from 'vitest'
import { httpBackendUnderTest, httpCapabilities, sideBySide } from './HttpBackendUnderTest.ts'
import { postgresPlace } from './PostgresPlace.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let postgres: PostgresFixture
let url = ''
beforeAll(async () => {
  postgres = await postgresFixture()
  url = await postgres.makeDatabase()
})
afterAll(() => postgres.close())

let schemas = 0

/** The real client, over real HTTP through a proxy, against the real server on a real PostgreSQL. */
const makeBackend = async (): Promise<BackendUnderTest> =>
  httpBackendUnderTest('sse', postgresPlace(url, `suite_${schemas++}`))

// Over event streams only: the ways of a live pull are above the storage, and HttpBackend.test.ts has them all.
syncBackendSuite({ test: sideBySide(), capabilities: httpCapabilities, makeBackend })
