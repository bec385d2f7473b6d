/** The kit under node:test: a backend and a SQLite driver, each with the one call that its author makes. */
import { describe, test } from 'node:test'
import { memoryBackend, sqliteConnectionSuite, syncBackendSuite } from '@headwater/testkit'
import { loadWasmSqlite, openWasmSqlite } from '@headwater/sqlite-wasm'

const sqlite = await loadWasmSqlite()

void describe('memoryBackend', () => {
  syncBackendSuite({
    test,
    // What is not named has to show up as skipped.
    capabilities: ['restart'],
    makeBackend: async () => {
      const provider = memoryBackend()
      return { provider, restart: async () => provider.restart(), close: async () => undefined }
    },
  })
})

sqliteConnectionSuite({
  describe,
  test,
  open: (options = {}) => openWasmSqlite(sqlite, options),
  capabilities: { wal: false },
})
