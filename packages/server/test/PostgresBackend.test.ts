import { type BackendUnderTest, syncBackendSuite } from '@headwater/testkit'
import { type PostgresFixture, postgresFixture, runSql } from '@headwater/testkit/postgres'
import { afterAll, beforeAll, test, vi } from 'vitest'
import { type Place, httpBackendUnderTest, httpCapabilities } from './HttpBackendUnderTest.ts'

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
const makeBackend = async (): Promise<BackendUnderTest> => {
  const schema = `suite_${schemas++}`
  const edit = (text: string, ...values: ReadonlyArray<unknown>) =>
    runSql(url, text.replaceAll('headwater_', `${schema}.headwater_`), values)
  const place: Place = {
    options: { database: { url, schema, connections: 4 } },
    replaceLog: async (storeId) => {
      await edit('DELETE FROM headwater_events WHERE store_id = $1', storeId)
      await edit('DELETE FROM headwater_stores WHERE store_id = $1', storeId)
    },
    restore: async (storeId, global) => {
      await edit(
        `WITH cut AS (DELETE FROM headwater_events WHERE store_id = $1 AND seq > $2)
         UPDATE headwater_stores SET head = $2, head_id =
           (SELECT event_id FROM headwater_events WHERE store_id = $1 AND seq = $2) WHERE store_id = $1`,
        storeId,
        global,
      )
    },
  }
  return httpBackendUnderTest('sse', place)
}

// Over event streams only: the ways of a live pull are above the storage, and HttpBackend.test.ts has them all.
syncBackendSuite({ test, capabilities: httpCapabilities, makeBackend })
