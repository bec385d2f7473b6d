/** Everything of a simulation that its steps change and its checks look at. */
import type { LogEntry } from '@headwater/core/adapter'
import type { EventSequenceNumber } from '@headwater/core'
import type { WasmSqlite } from '@headwater/sqlite-wasm'
import { type MemoryBackend, memoryBackend } from '../MemoryBackend.ts'
import { Dice } from './Dice.ts'
import { SimulatedClient } from './SimulatedClient.ts'
import { makeNetwork, overNetwork, type SimulatedNetwork } from './SimulatedNetwork.ts'
import { openSession } from './openSession.ts'
import { type SimulatedSession, storeId } from './SimulatedSession.ts'
import { journalModes } from './SimulatedStorage.ts'
import { World } from './World.ts'

export interface Participant {
  readonly client: SimulatedClient
  readonly network: SimulatedNetwork
  /** Lets sessions opened from now on bring the backend. */
  readonly attach: () => void
}

/** What a session had been seen at. */
export interface WatchedSession {
  readonly epoch: number
  readonly attachment: number
  readonly upstreamHead: EventSequenceNumber
  readonly settledHead: EventSequenceNumber
}

/** The settled part of a client's log, as it had been seen. */
export interface WatchedLog {
  readonly attachment: number
  readonly settledIds: ReadonlyArray<string>
}

export interface Simulation {
  readonly world: World
  readonly backend: MemoryBackend
  readonly participants: ReadonlyArray<Participant>
  readonly sessionsSeen: Map<SimulatedSession, WatchedSession>
  readonly logsSeen: Map<SimulatedClient, WatchedLog>
  readonly lines: Array<string>
  readonly trace: (line: string) => void
  /** Defects that core itself has logged: a broken law, a type error. */
  readonly defects: Array<string>
  /** Ids that somebody has pushed with other content than their owner's. */
  readonly forgedIds: Set<string>
  /** Ids that the backend has refused at some time. */
  readonly refusedIds: Set<string>
  /** The backend's log was cut or replaced: what it had acknowledged may be gone. */
  historyChanges: number
}

/** Of every eighth seed: what takes a thousand events in an app takes several messages of a simulation, too. */
const shortFeed = 3

/** Errors that no fault of the simulation explains. */
const defectNames = /InvariantViolation|TypeError|RangeError|ReferenceError|Defect/u

export const makeSimulation = (seed: number, sqlite: WasmSqlite): Simulation => {
  const dice = new Dice(seed)
  const world = new World()
  const start = world.now
  const lines: Array<string> = []
  const trace = (line: string): void => void lines.push(`${(world.now - start).toFixed(2).padStart(9)} ${line}`)
  const defects: Array<string> = []
  const onLog = ({ level, message, fields }: LogEntry): void => {
    const line = `${level}: ${message} ${JSON.stringify(fields)}`
    trace(line)
    if (defectNames.test(line)) defects.push(line)
  }
  const backend = memoryBackend({ pageEvents: 1 + dice.integer(5), isMissingSent: dice.chance(0.7) })
  const participants = Array.from({ length: 1 + dice.integer(3) }, (_, i): Participant => {
    const network = makeNetwork()
    const provider = overNetwork(backend, { world, dice: dice.fork(), network })
    const client = new SimulatedClient({
      world,
      dice: dice.fork(),
      sqlite,
      name: 'abc'[i]!,
      backend: dice.chance(0.15) ? null : provider,
      journalMode: dice.pick(journalModes)!,
      durability: dice.chance(0.8) ? 'FULL' : 'NORMAL',
      ...(seed % 8 === 5 ? { feedEventsMax: shortFeed } : {}),
      trace,
      onLog,
    })
    trace(`${client.options.name}: journal ${client.options.journalMode}, synchronous ${client.options.durability}`)
    return {
      network,
      client,
      attach: () => {
        client.backend = provider
      },
    }
  })
  return {
    world,
    backend,
    participants,
    sessionsSeen: new Map(),
    logsSeen: new Map(),
    lines,
    trace,
    defects,
    forgedIds: new Set(),
    refusedIds: new Set(),
    historyChanges: 0,
  }
}

/** The backend's log. */
export const backendLog = ({ backend }: Simulation) => backend.log(storeId)

/** Opens a session; an app that is too old by now is told so, and that is all that may go wrong. */
export const open = ({ trace, defects }: Simulation, client: SimulatedClient): Promise<void> =>
  openSession(client).then(
    ({ label, version }) => trace(`${label}: open, version ${version}`),
    (error: unknown) => {
      if (error instanceof Error && error.name === 'SchemaOutdated')
        return trace(`${client.options.name}: a session is outdated before it is open`)
      defects.push(`${client.options.name}: a session could not be opened: ${String(error)}`)
    },
  )

/** A store that had no backend gets one, with the next session that brings it. */
export const attach = (simulation: Simulation, { client, attach: give }: Participant): void => {
  simulation.trace(`${client.options.name}: gets a backend`)
  give()
  void open(simulation, client)
}

/** Where everybody stands: the end of the trace of a seed that fails. */
export const describe = (simulation: Simulation): void => {
  const { participants, backend, trace } = simulation
  trace(`backend: ${backendLog(simulation).length} events, ${JSON.stringify(backend.calls)}`)
  for (const { client } of participants) {
    for (const { label, store, isClosed } of client.sessions) {
      trace(`${label}: ${isClosed ? 'closed' : JSON.stringify(store.status)}`)
    }
  }
}
