import { postgresLogStorage } from '@headwater/server'
import * as Effect from 'effect/Effect'
import { afterAll, beforeAll, vi } from 'vitest'
import { logStorageSuite } from './LogStorageSuite.ts'
import { type PostgresFixture, postgresFixture } from './PostgresFixture.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const run = Effect.runPromise

let postgres: PostgresFixture
let url = ''
beforeAll(async () => {
  postgres = await postgresFixture()
  url = await postgres.makeDatabase()
})
afterAll(() => postgres.close())

let schemas = 0

logStorageSuite(async () => {
  const storage = await postgresLogStorage({ url, schema: `suite_${schemas++}` })
  return { storage, close: () => run(storage.close) }
})
