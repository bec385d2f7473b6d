/**
 * One client of the simulation: a disk, one leader at a time (and perhaps a frozen one that does not know), and sessions
 * that come and go. The engine in it is the production one; only ports are replaced.
 */
import type { SyncBackendProvider } from '@headwater/core'
import { Leader, type LogEntry } from '@headwater/core/adapter'
import type { SqliteConnection } from '@headwater/core/sqlite'
import { openWasmSqlite, type WasmSqlite } from '@headwater/sqlite-wasm'
import { type DiskFault, type DiskOperation, FaultyDisk } from '../files/FaultyDisk.ts'
import type { Dice } from './Dice.ts'
import type { SchemaVersion } from './SimulatedSchema.ts'
import { SimulatedProcess } from './SimulatedProcess.ts'
import type { SimulatedSession } from './SimulatedSession.ts'
import {
  type EventlogDurability,
  type JournalMode,
  makeSimulatedStorage,
  type SimulatedStorage,
  stateFile,
} from './SimulatedStorage.ts'
import type { World } from './World.ts'

/** One session's connection to one leader; cut when either end is gone. */
export interface Link {
  isCut: boolean
  readonly onCut: () => void
}

export interface RunningLeader {
  readonly leader: Leader
  readonly process: SimulatedProcess
  readonly storage: SimulatedStorage
  readonly links: Set<Link>
}

export interface ClientOptions {
  readonly world: World
  readonly dice: Dice
  readonly sqlite: WasmSqlite
  readonly name: string
  readonly backend: SyncBackendProvider | null
  readonly journalMode: JournalMode
  readonly durability: EventlogDurability
  /** Rows that a leader's message carries at most; core's own where it is left out. */
  readonly feedEventsMax?: number
  readonly trace: (line: string) => void
  /** What core writes to its log. */
  readonly onLog: (entry: LogEntry) => void
}

/** What has happened to a client, for figures and for what may be expected of it. */
export interface ClientRecord {
  leaderDeaths: number
  powerLosses: number
  takeOvers: number
  diskFaults: number
  resets: number
  killedSessions: number
  /** Eventlogs that a `reset` has exported. */
  readonly exports: Array<Uint8Array>
}

export class SimulatedClient {
  readonly options: ClientOptions
  readonly disk = new FaultyDisk()
  readonly sessions: Array<SimulatedSession> = []
  /** Ends of sessions that are being opened. */
  readonly opening = new Set<() => void>()
  readonly record: ClientRecord = {
    leaderDeaths: 0,
    powerLosses: 0,
    takeOvers: 0,
    diskFaults: 0,
    resets: 0,
    killedSessions: 0,
    exports: [],
  }
  backend: SyncBackendProvider | null
  /** Of the app as it is installed now. */
  version: SchemaVersion = 1
  /** Probability that a leader dies while it takes over. */
  takeOverCrashes = 0
  /** Probability of each kind of fault of an operation on the disk. */
  diskFaults: Partial<Record<DiskFault, number>> = {}
  readonly #databases: Array<SqliteConnection> = []
  readonly #storages: Array<SimulatedStorage> = []
  #leader: RunningLeader | null = null
  /** Frozen leaders that others have taken over from. */
  #stale: Array<RunningLeader> = []
  /** Who uses the disk. */
  #diskUser: SimulatedProcess | null = null
  #isSpared = false

  constructor(options: ClientOptions) {
    this.options = options
    this.backend = options.backend
    this.disk.beforeOperation = (operation) => this.#judge(operation)
  }

  get openSessions(): ReadonlyArray<SimulatedSession> {
    return this.sessions.filter(({ isClosed }) => !isClosed)
  }

  get leader(): RunningLeader | null {
    return this.#leader
  }

  /** A session's database, in memory. */
  openDatabase(image?: Uint8Array): SqliteConnection {
    const connection = openWasmSqlite(this.options.sqlite, image === undefined ? {} : { image })
    this.#databases.push(connection)
    return connection
  }

  /** Frees every database; the next seed runs in the same heap. */
  dispose(): void {
    for (const { process } of [...this.#leaders, ...this.sessions]) process.end()
    this.disk.killProcess()
    for (const storage of this.#storages) storage.dispose()
    for (const connection of this.#databases) connection.close()
  }

  #judge(operation: DiskOperation): DiskFault | undefined {
    const { dice } = this.options
    const user = this.#diskUser
    if (user === null) return undefined
    if (!user.outlives('disk operations')) return 'dead'
    if (operation.kind === 'read') return undefined
    for (const [fault, probability] of Object.entries(this.diskFaults)) {
      if (!dice.chance(probability)) continue
      this.record.diskFaults++
      return fault as DiskFault
    }
    return undefined
  }

  // ------------------------------------------------------------------------------------------------------- leaders

  /** The leader, started if there is none. **Fails with** what a leader's start fails with, `Crash` if it dies. */
  lead(): RunningLeader {
    if (this.#leader !== null) return this.#leader
    const { world, dice, sqlite, name, trace, onLog, journalMode, durability, feedEventsMax } = this.options
    const links = new Set<Link>()
    const process: SimulatedProcess = new SimulatedProcess({
      world,
      dice: dice.fork(),
      log: (entry) => {
        if (process.isAlive) onLog(entry)
      },
      onDeath: () => this.#died(links),
    })
    if (dice.chance(this.takeOverCrashes)) process.dieWithin(dice.integer(60), 'disk operations')
    const storage = makeSimulatedStorage({
      sqlite,
      disk: this.disk,
      process,
      journalMode,
      durability,
      onUse: (user) => {
        this.#diskUser = user
      },
      onExport: (bytes) => this.record.exports.push(bytes),
    })
    this.#storages.push(storage)
    try {
      const leader = new Leader({
        environment: process.environment,
        storage,
        onEnd: () => this.#left(process),
        ...(feedEventsMax === undefined ? {} : { feedEventsMax }),
      })
      trace(`${name}: leader of term ${leader.term}`)
      this.#leader = { leader, process, storage, links }
      return this.#leader
    } catch (error) {
      // What an adapter does with a leader that cannot start: let go of its files.
      process.end()
      storage.dispose()
      throw error
    }
  }

  #died(links: ReadonlySet<Link>): void {
    const { world, dice, trace, name } = this.options
    this.record.leaderDeaths++
    trace(`${name}: leader dies`)
    // One that is frozen beside it is a thread of the same machine: what kills one of them lets go of all their files.
    const cut = [links, ...this.#leaders.map((running) => running.links)]
    for (const running of this.#leaders) running.process.end()
    this.#stale = []
    this.#leader = null
    this.disk.killProcess()
    for (const link of new Set(cut.flatMap((each) => [...each]))) world.schedule(1 + dice.random() * 20, link.onCut)
  }

  /** The one that leads, and those that do not know yet that another one does. */
  get #leaders(): ReadonlyArray<RunningLeader> {
    return this.#leader === null ? this.#stale : [this.#leader, ...this.#stale]
  }

  /** From here on nothing goes wrong any more, and a page that shows an outdated app is reloaded. */
  endFaults(): void {
    this.#isSpared = true
    this.takeOverCrashes = 0
    this.diskFaults = {}
    for (const { process } of [...this.#leaders, ...this.openSessions]) {
      process.spare()
      process.thaw()
    }
    for (const session of this.openSessions) this.#reload(session)
  }

  /** Takes in a session that has been opened. */
  add(session: SimulatedSession): void {
    this.sessions.push(session)
    if (this.#isSpared) this.#reload(session)
  }

  #reload(session: SimulatedSession): void {
    if (session.version < this.version && !session.isClosing) session.close()
  }

  #left(process: SimulatedProcess): void {
    const stale = this.#stale.find((each) => each.process === process)
    this.#stale = this.#stale.filter((each) => each !== stale)
    const running = this.#leader?.process === process ? this.#leader : stale
    if (running === this.#leader) this.#leader = null
    if (stale !== undefined) this.options.trace(`${this.options.name}: the stale leader ends`)
    // It may be in the middle of its last task: its files are closed after it.
    this.options.world.schedule(0, () => {
      process.end()
      running?.storage.dispose()
    })
  }

  /** Freezes the leader; its sessions notice, and another one takes over beside it. It wakes up `thawMs` later. */
  hangLeader(detectedMs: number, thawMs: number): boolean {
    const { world, dice } = this.options
    const hung = this.#leader
    // In WAL mode its files are locked for as long as it lives, frozen or not: nobody can take over.
    if (hung === null || this.options.journalMode === 'WAL') return false
    hung.process.freeze()
    world.schedule(detectedMs, () => {
      if (this.#leader !== hung) return
      this.record.takeOvers++
      this.#leader = null
      this.#stale.push(hung)
      for (const link of hung.links) world.schedule(dice.random() * 5, link.onCut)
    })
    world.schedule(thawMs, () => hung.process.thaw())
    return true
  }

  /** Leader and sessions die. */
  killAll(): void {
    this.#leader?.process.kill()
    for (const session of this.openSessions) session.kill()
    for (const die of this.opening) die()
    this.opening.clear()
  }

  /** The machine loses power: leader and sessions die, and the disk forgets what was not synced. */
  losePower(): void {
    this.record.powerLosses++
    this.killAll()
    this.disk.losePower(this.options.dice.random)
  }

  /** The state database is gone, or not one any more. Only while no leader runs. */
  damageState(): boolean {
    if (this.#leader !== null || this.#stale.length > 0 || !this.disk.exists(stateFile)) return false
    if (this.options.dice.chance(0.5)) this.disk.remove(stateFile)
    else this.disk.writeFile(stateFile, new TextEncoder().encode('no database '.repeat(400)))
    for (const journal of ['-journal', '-wal']) this.disk.remove(`${stateFile}${journal}`)
    return true
  }
}
