import { loadWasmSqlite, openWasmSqlite } from '@headwater/sqlite-wasm'
import { sqliteConnectionSuite } from '@headwater/testkit'
import { exposePageSuite, suiteCases } from '../SuiteCases.ts'

/** What a session has: SQLite in memory, on the page's own thread. */
const sqlite = await loadWasmSqlite()
const suite = suiteCases()

sqliteConnectionSuite({
  test: suite.test,
  open: (options) => openWasmSqlite(sqlite, options),
  capabilities: {
    wal: false,
    openFile: (name, options) => openWasmSqlite(sqlite, { filename: `/${name}.db`, ...options }),
  },
})

exposePageSuite(suite)
