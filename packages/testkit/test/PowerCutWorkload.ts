import { type SqliteConnection, SqliteError } from '@headwater/core/sqlite'
import type { WasmSqlite } from '@headwater/sqlite-wasm'
import { FaultyDisk, openFaultyWasm } from '@headwater/testkit'

/** mulberry32: small, and the same numbers everywhere. **Shape** 0 ≤ x < 1. */
const randomFrom = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface PowerCutOptions {
  readonly sqlite: WasmSqlite
  readonly seed: number
  readonly journal: 'DELETE' | 'TRUNCATE' | 'PERSIST' | 'WAL'
  readonly synchronous: 'OFF' | 'NORMAL' | 'FULL'
}

/** Transactions of random sizes on one file, each of which leaves its number, until the power is cut. */
export class PowerCutWorkload {
  readonly #options: PowerCutOptions
  readonly #disk = new FaultyDisk()
  /** COMMITs that answered. */
  acknowledged = 0

  constructor(options: PowerCutOptions) {
    this.#options = options
  }

  /** Cuts the power before the `cutAt`th operation that changes the disk; whether the workload was long enough for that. */
  run(cutAt: number): boolean {
    const random = randomFrom(this.#options.seed)
    const connection = this.#open()
    let operations = 0
    let wasCut = false
    this.#disk.beforeOperation = ({ kind }) => {
      if (kind === 'read' || kind === 'open' || ++operations !== cutAt) return undefined
      wasCut = true
      this.#disk.losePower(randomFrom(this.#options.seed * 1000 + cutAt))
      return undefined
    }
    try {
      connection.exec('CREATE TABLE IF NOT EXISTS filler (id INTEGER PRIMARY KEY, bytes BLOB)')
      for (let number = 1; number <= 8; number++) this.#transact(connection, number, random)
    } catch (error) {
      if (!(error instanceof SqliteError && error.isEnvironment && wasCut)) throw error
    } finally {
      this.#disk.beforeOperation = null
      // What never failed ends as a power cut, too: after the last COMMIT, before anything tidies up.
      if (!wasCut) this.#disk.losePower(() => (this.#options.synchronous === 'FULL' ? 0 : 0.3))
      connection.close()
    }
    return wasCut
  }

  #open(): SqliteConnection {
    const { sqlite, journal, synchronous } = this.#options
    const connection = openFaultyWasm(sqlite, this.#disk, 'store.db')
    connection.exec(`PRAGMA locking_mode = ${journal === 'WAL' ? 'EXCLUSIVE' : 'NORMAL'}`)
    const mode = connection.prepare(`PRAGMA journal_mode = ${journal}`).get()
    if (String(mode) !== journal.toLowerCase()) throw new Error(`the journal is in mode ${String(mode)}`)
    connection.exec(`PRAGMA synchronous = ${synchronous}`)
    connection.exec('PRAGMA cache_size = 10; PRAGMA wal_autocheckpoint = 20')
    connection.exec('CREATE TABLE IF NOT EXISTS done (number INTEGER PRIMARY KEY)')
    return connection
  }

  #transact(connection: SqliteConnection, number: number, random: () => number): void {
    connection.exec(`BEGIN; INSERT INTO done VALUES (${number})`)
    for (let i = random() * 6; i > 0; i--)
      connection.exec(`INSERT INTO filler (bytes) VALUES (zeroblob(${Math.floor(random() * 9000)}))`)
    connection.exec(`UPDATE filler SET bytes = zeroblob(${Math.floor(random() * 3000)}) WHERE id % 3 = ${number % 3}`)
    if (random() < 0.3) connection.exec('DELETE FROM filler WHERE id % 4 = 0')
    connection.exec('COMMIT')
    this.acknowledged = number
  }

  /** What the next process finds. `lost`: acknowledged transactions that are gone. */
  reopen(): { readonly integrity: string; readonly isPrefix: boolean; readonly lost: number } {
    let connection: SqliteConnection | undefined
    try {
      connection = this.#open()
      const integrity = String(connection.prepare('PRAGMA integrity_check').get()![0])
      const numbers = connection
        .prepare('SELECT number FROM done ORDER BY number')
        .all()
        .map(([number]) => Number(number))
      const isPrefix = numbers.every((number, i) => number === i + 1)
      return { integrity, isPrefix, lost: Math.max(0, this.acknowledged - numbers.length) }
    } catch (error) {
      if (!(error instanceof SqliteError && error.isDamage)) throw error
      return { integrity: error.message, isPrefix: false, lost: this.acknowledged }
    } finally {
      connection?.close()
    }
  }
}
