/**
 * One client of the simulation: two databases that survive, one leader at a time that may die at any statement, and
 * sessions that come and go. The engine in it is the production one; only ports are replaced.
 */
import { createStore, type Receipt, type Store, type SyncBackendProvider } from '@headwater/core'
import {
  type Adapter,
  Leader,
  type LeaderClient,
  type LeaderClientHandlers,
  type LeaderMessage,
  type LeaderPort,
  type LeaderStorage,
  type SessionMessage,
} from '@headwater/core/adapter'
import type { SqliteConnection } from '@headwater/core/sqlite'
import { openWasmSqlite, type WasmSqlite } from '@headwater/sqlite-wasm'
import { afterCrash, crashable, Fuse } from './CrashableConnection.ts'
import { type SimulatedProcess, startProcess } from './SimulatedEnvironment.ts'
import { simulatedSchema } from './SimulatedSchema.ts'
import type { World } from './World.ts'

export interface SimulatedSession {
  readonly store: Store
  readonly process: SimulatedProcess
  /** What it committed, and whether its receipt said `persisted`. */
  readonly committed: Map<
    string,
    {
      readonly name: string
      readonly argsJson: string
      isPersisted: boolean
      isConfirmed: boolean
      rejection: string | null
    }
  >
  /** Whether it can run the backend for its leader: one that was opened before the store had any cannot. */
  readonly hasBackend: boolean
  /** The leader hears that the session is gone. */
  readonly disconnect: () => void
  isClosed: boolean
}

interface RunningLeader {
  readonly leader: Leader
  readonly process: SimulatedProcess
  readonly fuse: Fuse
  readonly links: Set<Link>
}

/** One session's connection to one leader; dead when either end is. */
interface Link {
  isCut: boolean
  readonly onCut: () => void
}

export interface ClientOptions {
  readonly world: World
  readonly sqlite: WasmSqlite
  readonly name: string
  readonly backend: SyncBackendProvider | null
  readonly trace: (line: string) => void
}

export class SimulatedClient {
  readonly options: ClientOptions
  readonly sessions: Array<SimulatedSession> = []
  eventlog: SqliteConnection
  state: SqliteConnection
  readonly #opened: Array<SqliteConnection> = []
  #leader: RunningLeader | null = null
  crashes = 0
  /** Probability that a leader dies while it takes over. */
  takeOverCrashes = 0
  backend: SyncBackendProvider | null

  constructor(options: ClientOptions) {
    this.options = options
    this.backend = options.backend
    this.eventlog = this.#open()
    this.state = this.#open()
  }

  #open(image?: Uint8Array | null): SqliteConnection {
    const connection = openWasmSqlite(this.options.sqlite, image === undefined || image === null ? {} : { image })
    this.#opened.push(connection)
    return connection
  }

  /** Frees every database; the next seed runs in the same heap. */
  dispose(): void {
    this.#leader?.process.kill()
    for (const { process } of this.sessions) process.kill()
    for (const connection of this.#opened) connection.close()
  }

  // ------------------------------------------------------------------------------------------------------ leader

  get leader(): RunningLeader | null {
    return this.#leader
  }

  #storage(fuse: Fuse): LeaderStorage {
    return {
      openEventlog: () => crashable(afterCrash(this.eventlog), fuse),
      openState: () => crashable(afterCrash(this.state), fuse),
      replaceState: (image) => {
        fuse.burn()
        this.state.close()
        this.state = this.#open(image)
        return crashable(this.state, fuse)
      },
      keepExport: () => 'simulated',
      setAsideEventlog: () => {
        throw new Error('the simulation never corrupts an eventlog')
      },
    }
  }

  /** The leader, started if there is none. */
  #lead(): RunningLeader {
    if (this.#leader !== null) return this.#leader
    const { world, name, trace } = this.options
    const process = startProcess(world, () => undefined)
    const links = new Set<Link>()
    const fuse = new Fuse(() => this.#leaderDied(process, links))
    if (world.chance(this.takeOverCrashes)) fuse.light(world.integer(30))
    const leader = new Leader({
      environment: process.environment,
      storage: this.#storage(fuse),
      onEnd: () => this.#leaderLeft(process, fuse),
    })
    trace(`${name}: leader of term ${leader.term}`)
    this.#leader = { leader, process, fuse, links }
    return this.#leader
  }

  #leaderDied(process: SimulatedProcess, links: Set<Link>): void {
    this.crashes++
    this.options.trace(`${this.options.name}: leader dies`)
    process.kill()
    if (this.#leader?.process === process) this.#leader = null
    for (const link of links) this.options.world.schedule(1 + this.options.world.random() * 20, link.onCut)
  }

  #leaderLeft(process: SimulatedProcess, fuse: Fuse): void {
    fuse.isBlown = true
    process.kill()
    if (this.#leader?.process === process) this.#leader = null
  }

  /** Dies within that many statements, or at once. */
  crashLeader(statements: number): void {
    if (this.#leader === null) return
    if (statements === 0) this.#leader.fuse.blow()
    else this.#leader.fuse.light(statements)
  }

  // ---------------------------------------------------------------------------------------------------- sessions

  /** Messages take their time, in order. */
  #client(session: SimulatedProcess): { readonly client: LeaderClient; readonly disconnect: () => void } {
    const { world } = this.options
    let handlers: LeaderClientHandlers | null = null
    let port: { readonly leader: RunningLeader; readonly port: LeaderPort; readonly link: Link } | null = null
    let [lastIn, lastOut] = [0, 0]
    const latency = (last: number) => Math.max(last, world.now + world.random() * 3)
    const connect = (): void => {
      if (!session.isAlive() || handlers === null) return
      try {
        const leader = this.#lead()
        const link: Link = { isCut: false, onCut: () => lost(link) }
        leader.links.add(link)
        const connected = leader.leader.connect((message) => {
          if (leader.fuse.isBlown) return
          const copy = structuredClone(message)
          lastIn = latency(lastIn)
          world.schedule(lastIn - world.now, () => {
            if (!link.isCut && session.isAlive()) handlers?.onMessage(copy as LeaderMessage)
          })
        })
        port = { leader, port: connected, link }
      } catch {
        // It died while it took over: the next one is tried soon.
        world.schedule(5, connect)
      }
    }
    const lost = (link: Link): void => {
      if (link.isCut || !session.isAlive()) return
      link.isCut = true
      port = null
      handlers?.onLost(new Error('the leader died'))
      world.schedule(world.random() * 10, connect)
    }
    const client: LeaderClient = {
      listen: (given) => {
        handlers = given
        connect()
      },
      send: (message: SessionMessage) => {
        const to = port
        if (to === null) return
        const copy = structuredClone(message)
        lastOut = latency(lastOut)
        world.schedule(lastOut - world.now, () => {
          if (!to.link.isCut && !to.leader.fuse.isBlown) to.port.receive(copy)
        })
      },
      close: () => Promise.resolve(),
    }
    const disconnect = (): void => {
      if (port === null || port.link.isCut) return
      const gone = port
      gone.link.isCut = true
      world.schedule(world.random() * 5, () => {
        if (!gone.leader.fuse.isBlown) gone.port.disconnect()
      })
    }
    return { client, disconnect }
  }

  async openSession(): Promise<SimulatedSession> {
    const { world } = this.options
    const process = startProcess(world, () => undefined)
    const { client, disconnect } = this.#client(process)
    const adapter: Adapter = {
      name: 'simulated',
      connect: async () => ({
        client,
        openDatabase: (image?: Uint8Array) => this.#open(image),
      }),
      importLog: () => Promise.reject(new Error('not simulated')),
      wipe: () => Promise.reject(new Error('not simulated')),
    }
    const store = await createStore({
      schema: simulatedSchema,
      storeId: 'simulated',
      adapter,
      environment: process.environment,
      log: () => undefined,
      ...(this.backend === null ? {} : { backend: this.backend }),
    })
    const session: SimulatedSession = {
      store,
      process,
      committed: new Map(),
      hasBackend: this.backend !== null,
      disconnect,
      isClosed: false,
    }
    this.sessions.push(session)
    return session
  }

  get openSessions(): ReadonlyArray<SimulatedSession> {
    return this.sessions.filter(({ isClosed }) => !isClosed)
  }

  /** The session's process dies; what it had not handed over is gone. */
  killSession(session: SimulatedSession): void {
    session.isClosed = true
    session.process.kill()
    session.disconnect()
  }

  /** Follows a commit's receipt. */
  follow(
    session: SimulatedSession,
    receipt: Receipt,
    events: ReadonlyArray<{ readonly name: string; readonly argsJson: string }>,
  ): void {
    receipt.eventIds.forEach((id, i) => {
      const record = { ...events[i]!, isPersisted: false, isConfirmed: false, rejection: null as string | null }
      session.committed.set(id, record)
      const own = session.store.receipt(id)
      own.persisted.then(
        () => {
          record.isPersisted = true
        },
        (error: Error) => {
          record.rejection = error.name
        },
      )
      own.confirmed.then(
        () => {
          record.isConfirmed = true
        },
        (error: Error) => {
          record.rejection = error.name
        },
      )
    })
  }
}
