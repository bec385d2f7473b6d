/** SQLite over the pool on a simulated disk: whatever a COMMIT has returned for is there after a power loss. No browser. */
import { type LeaderStorage, SqliteError } from '@headwater/core/adapter'
import type { SqliteConnection } from '@headwater/core/sqlite'
import { loadWasmSqlite, openWasmSqlite } from '@headwater/sqlite-wasm'
import { FaultyDisk } from '@headwater/testkit'
import { seededRandom } from '@headwater/testkit/node'
import { expect, test } from 'vitest'
import { opfsLeaderStorage, stateName } from '../src/OpfsLeaderStorage.ts'
import { openOpfsSqlite } from '../src/OpfsSqlite.ts'
import { OpfsPool } from '../src/OpfsPool.ts'
import { folderOn } from './SimulatedFolder.ts'

const sqlite = await loadWasmSqlite()
const seed = Number(process.env['HEADWATER_SEED'] ?? Date.now() % 1_000_000)
const losses = 150
/** Operations of the disk before it loses power: some lives end while the files are opened, the longest see everything. */
const operationsMax = 1200

const tables = 'CREATE TABLE IF NOT EXISTS event (n INTEGER PRIMARY KEY, body TEXT)'
const stateTables = `CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), upTo INTEGER);
  INSERT OR IGNORE INTO state VALUES (1, 0)`

const numberIn = (connection: SqliteConnection, sql: string): number => Number(connection.prepare(sql).get()![0])

/** What a process has been told is done. */
interface Told {
  event: number
  exports: number
}

/** One process: its connections, which must be closed to free SQLite's memory, however dead the disk is. */
class Life {
  readonly #opened: Array<SqliteConnection> = []
  readonly #pool: OpfsPool
  readonly #storage: LeaderStorage
  log: SqliteConnection
  state: SqliteConnection

  constructor(pool: OpfsPool) {
    this.#pool = pool
    this.#storage = opfsLeaderStorage(sqlite, { pool, mayWrite: () => true }, () => this.exports)
    this.log = this.#openLog()
    this.log.exec(tables)
    this.state = this.#keep(this.#storage.openState())
    this.state.exec(stateTables)
  }

  get exports(): number {
    return this.#pool.names.filter((name) => name.includes('.reset-')).length
  }

  commit(event: number): void {
    this.log.exec(`INSERT INTO event VALUES (${event}, hex(${event}))`)
  }

  follow(event: number): void {
    this.state.exec(`UPDATE state SET upTo = ${event}`)
  }

  replaceState(upTo: number): void {
    const memory = openWasmSqlite(sqlite)
    memory.exec(`${stateTables}; UPDATE state SET upTo = ${upTo}`)
    const image = memory.serialize()
    memory.close()
    this.state.close()
    this.state = this.#keep(this.#storage.replaceState(image))
  }

  keepExport(): void {
    this.#storage.keepExport(this.log.serialize())
  }

  salvage(): void {
    this.log.close()
    this.log = this.#salvaged()
    for (const name of this.#pool.names) if (name.includes('.corrupt-')) this.#pool.remove(name)
  }

  close(): void {
    for (const connection of this.#opened) connection.close()
    this.#pool.close()
  }

  #openLog(): SqliteConnection {
    try {
      return this.#keep(this.#storage.openEventlog())
    } catch (error) {
      if (!(error instanceof SqliteError) || error.reason !== 'Corrupt') throw error
      return this.#salvaged()
    }
  }

  #salvaged(): SqliteConnection {
    const { eventlog, corrupt, done } = this.#storage.setAsideEventlog()
    this.#keep(eventlog)
    this.#keep(corrupt!)
    eventlog.exec(`${tables}; BEGIN`)
    const insert = eventlog.prepare('INSERT INTO event VALUES (?, ?)')
    for (const row of corrupt!.prepare('SELECT n, body FROM event', { integers: 'bigint' }).all()) insert.run(row)
    eventlog.exec('COMMIT')
    corrupt!.close()
    done()
    return eventlog
  }

  #keep(connection: SqliteConnection): SqliteConnection {
    this.#opened.push(connection)
    return connection
  }
}

const check = (life: Life, told: Told, context: string): void => {
  expect(numberIn(life.log, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), context).toBe(
    0,
  )
  const event = numberIn(life.log, 'SELECT coalesce(max(n), 0) FROM event')
  expect(numberIn(life.log, 'SELECT count(*) FROM event WHERE body = hex(n)'), context).toBe(event)
  expect(event, context).toBeGreaterThanOrEqual(told.event)
  expect(life.exports, context).toBeGreaterThanOrEqual(told.exports)
  // The state is synced less often, but its journal is.
  expect(
    numberIn(life.state, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
    context,
  ).toBe(0)
  told.event = event
}

/** Works until the disk is dead. */
const work = async (life: Life, told: Told, pool: OpfsPool): Promise<never> => {
  for (let turn = 1; ; turn++) {
    for (let i = 0; i < 8; i++) {
      life.commit(told.event + 1)
      told.event++
      life.follow(told.event)
    }
    if (turn % 2 === 0) life.replaceState(told.event)
    if (turn % 3 === 0) life.salvage()
    if (turn % 4 === 0 && told.exports < 5) {
      life.keepExport()
      told.exports++
    }
    await pool.refill()
  }
}

test(
  `${losses} power losses at random moments lose nothing that was committed (seed ${seed})`,
  { timeout: 120_000 },
  async () => {
    const random = seededRandom(seed)
    const disk = new FaultyDisk()
    const told: Told = { event: 0, exports: 0 }
    let lives = 0
    for (let loss = 0; loss < losses; loss++) {
      const context = `after loss ${loss}, seed ${seed}`
      const pool = await OpfsPool.open(folderOn(disk), { waitMs: 0 })
      const life = new Life(pool)
      check(life, told, context)
      let left = Math.floor(random() * operationsMax)
      disk.beforeOperation = () => {
        if (left-- === 0) disk.killProcess()
        return undefined
      }
      await work(life, told, pool).catch((error: unknown) => {
        if (left >= 0) throw error
      })
      disk.beforeOperation = null
      disk.losePower(random)
      life.close()
      lives++
    }
    console.log(`PROOF power_losses=${lives} seed=${seed} events=${told.event} exports=${told.exports} lost=0`)
  },
)

test('a file that must exist and does not, and one that cannot be written, are typed errors', async () => {
  const disk = new FaultyDisk()
  const pool = await OpfsPool.open(folderOn(disk), { waitMs: 0 })
  const files = { pool, mayWrite: () => true }
  const reasonOf = (run: () => unknown): unknown => {
    try {
      run()
      return 'nothing failed'
    } catch (error) {
      return error instanceof SqliteError ? error.reason : error
    }
  }
  expect(reasonOf(() => openOpfsSqlite(sqlite, files, stateName, { mustExist: true }))).toBe('CannotOpen')
  const connection = openOpfsSqlite(sqlite, files, stateName)
  connection.exec('CREATE TABLE t (a)')
  disk.beforeOperation = ({ kind }) => (kind === 'write' ? 'io' : undefined)
  expect(reasonOf(() => connection.exec('INSERT INTO t VALUES (1)'))).toBe('IoFailed')
  disk.beforeOperation = ({ kind }) => (kind === 'write' || kind === 'truncate' ? 'full' : undefined)
  expect(reasonOf(() => connection.exec('INSERT INTO t VALUES (zeroblob(100000))'))).toBe('Full')
  disk.beforeOperation = null
  connection.exec('INSERT INTO t VALUES (2)')
  expect(connection.prepare('SELECT a FROM t').all()).toEqual([[2]])
  connection.close()
  pool.close()
})
