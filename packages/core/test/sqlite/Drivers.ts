import { openBetterSqlite } from '../../../adapter-node/src/BetterSqliteConnection.ts'
import { loadWasmSqlite } from '../../../sqlite-wasm/src/WasmSqlite.ts'
import { openWasmSqlite } from '../../../sqlite-wasm/src/WasmSqliteConnection.ts'
import type { SqliteConnection } from '../../src/sqlite/SqliteConnection.ts'

const wasm = await loadWasmSqlite()

/** Every driver that changesets must work on, each opening an empty database in memory. */
export const drivers: ReadonlyArray<{ readonly driver: string; readonly open: () => SqliteConnection }> = [
  { driver: 'better-sqlite3', open: () => openBetterSqlite() },
  { driver: 'wa-sqlite', open: () => openWasmSqlite(wasm) },
]
