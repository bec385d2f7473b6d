import { type LeaderStorage, SqliteError } from '@headwater/core/adapter'
import type { SqliteConnection } from '@headwater/core/sqlite'
import { loadWasmSqlite, openWasmSqlite, type WasmSqlite } from '@headwater/sqlite-wasm'
import { opfsLeaderStorage } from '../../../src/OpfsLeaderStorage.ts'
import type { OpfsPool } from '../../../src/OpfsPool.ts'
import { openStorePool } from '../../../src/StoreFolders.ts'
import type { Acknowledged, CrashLoadMessage } from './CrashLoad.ts'

/** What a leader does with its storage, as fast as it can: log, then state; now and then everything else. */
const say = (message: CrashLoadMessage): void => postMessage(message)

const bodyBytes = 300
const tables = 'CREATE TABLE IF NOT EXISTS event (n INTEGER PRIMARY KEY, body TEXT NOT NULL)'
const stateTables = `CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), upTo INTEGER NOT NULL);
  INSERT OR IGNORE INTO state VALUES (1, 0)`

const numberIn = (connection: SqliteConnection, sql: string): number => Number(connection.prepare(sql).get()![0])

const salvage = (storage: LeaderStorage): SqliteConnection => {
  const { eventlog, corrupt, done } = storage.setAsideEventlog()
  eventlog.exec(`${tables}; BEGIN`)
  const insert = eventlog.prepare('INSERT INTO event VALUES (?, ?)')
  for (const row of corrupt!.prepare('SELECT n, body FROM event', { integers: 'bigint' }).all()) insert.run(row)
  eventlog.exec('COMMIT')
  corrupt!.close()
  done()
  return eventlog
}

const openLog = (storage: LeaderStorage): { readonly log: SqliteConnection; readonly wasSalvaging: boolean } => {
  try {
    const log = storage.openEventlog()
    log.exec(tables)
    return { log, wasSalvaging: false }
  } catch (error) {
    if (!(error instanceof SqliteError) || error.reason !== 'Corrupt') throw error
    return { log: salvage(storage), wasSalvaging: true }
  }
}

const exportsIn = (pool: OpfsPool): ReadonlyArray<string> => pool.names.filter((name) => name.includes('.reset-'))

const whatIsWrong = (log: SqliteConnection, state: SqliteConnection): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  for (const [name, connection] of [['log', log] as const, ['state', state] as const]) {
    const check = String(connection.prepare('PRAGMA integrity_check').get()![0] as string)
    if (check !== 'ok') wrong.push(`${name}: ${check}`)
  }
  const [rows, last, bodies] = log
    .prepare(
      `SELECT count(*), coalesce(max(n), 0), count(*) FILTER (WHERE body = hex(n) || substr(body, -${bodyBytes})) FROM event`,
    )
    .get()!
  if (rows !== last) wrong.push(`log: ${String(rows as number)} events up to ${String(last as number)}`)
  if (bodies !== rows) wrong.push('log: an event has the content of another')
  const upTo = numberIn(state, 'SELECT upTo FROM state')
  if (upTo > Number(last)) wrong.push(`state: at ${upTo}, ahead of the log`)
  return wrong
}

const imageUpTo = (sqlite: WasmSqlite, upTo: number): Uint8Array => {
  const memory = openWasmSqlite(sqlite)
  memory.exec(`${stateTables}; UPDATE state SET upTo = ${upTo}`)
  const image = memory.serialize()
  memory.close()
  return image
}

const run = async (): Promise<void> => {
  const sqlite = await loadWasmSqlite()
  const pool = await openStorePool({ storeId: 'crash', directory: 'tests', waitMs: 10_000, mayCopy: false })
  const storage = opfsLeaderStorage(sqlite, { pool, mayWrite: () => true }, () => Date.now() + exportsIn(pool).length)
  const opened = openLog(storage)
  let { log } = opened
  let state = storage.openState()
  state.exec(stateTables)
  let event = numberIn(log, 'SELECT coalesce(max(n), 0) FROM event')
  let exports = exportsIn(pool).length
  const acknowledged = (): Acknowledged => ({ event, exports })
  say({ found: { ...acknowledged(), wasSalvaging: opened.wasSalvaging, wrong: whatIsWrong(log, state) } })

  const body = 'x'.repeat(bodyBytes)
  for (let turn = 1; ; turn++) {
    for (let i = 0; i < 20; i++) {
      log.exec(`INSERT INTO event VALUES (${event + 1}, hex(${event + 1}) || '${body}')`)
      event++
      state.exec(`UPDATE state SET upTo = ${event}`)
      say({ acknowledged: acknowledged() })
    }
    if (turn % 3 === 0) {
      state.close()
      state = storage.replaceState(turn % 2 === 0 ? null : imageUpTo(sqlite, event))
      state.exec(stateTables)
    }
    if (turn % 5 === 0) {
      log.close()
      log = salvage(storage)
      // Kept for good: of a test that runs for long only some.
      for (const name of pool.names) if (name.includes('.corrupt-')) pool.remove(name)
    }
    if (turn % 7 === 0 && exports < 10) {
      storage.keepExport(log.serialize())
      exports++
      say({ acknowledged: acknowledged() })
    }
    await pool.refill()
  }
}

void run()
