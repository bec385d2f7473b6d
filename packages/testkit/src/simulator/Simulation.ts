/**
 * One seed: clients, sessions and a backend on one virtual clock, faults for a while, then quiet, then the properties.
 *
 * **Source**  spec section 11.
 */
import type { EventInput } from '@headwater/core'
import type { WasmSqlite } from '@headwater/sqlite-wasm'
import { memoryBackend } from '../MemoryBackend.ts'
import { checkStatus, checkQuiet, PropertyViolated } from './Properties.ts'
import type { Participant, Simulation } from './Participant.ts'
import { cutOff, makeNetwork, overNetwork } from './SimulatedBackend.ts'
import { SimulatedClient, type SimulatedSession } from './SimulatedClient.ts'
import { bad, claim, draft, mix, put, remove, strict } from './SimulatedSchema.ts'
import { NotIdle, World } from './World.ts'

export interface SimulationResult {
  readonly seed: number
  readonly failure: string | null
  readonly trace: ReadonlyArray<string>
  readonly events: number
  readonly crashes: number
  readonly rebases: number
  readonly rejected: number
  readonly skipped: number
  readonly tasks: number
}

/** How long faults and commits go on, and how long everything may take to become idle afterwards: virtual ms. */
const busyMs = 4000
const quietMs = 300_000

export const runSeed = async (seed: number, sqlite: WasmSqlite): Promise<SimulationResult> => {
  const world = new World(seed)
  const lines: Array<string> = []
  const start = world.now
  const trace = (line: string): void => void lines.push(`${(world.now - start).toFixed(2).padStart(9)} ${line}`)
  const backend = memoryBackend({ pageEvents: 1 + world.integer(5), isMissingSent: world.chance(0.7) })
  const participants = Array.from({ length: 1 + world.integer(3) }, (_, i): Participant => {
    const network = makeNetwork()
    const provider = overNetwork(world, backend, network)
    const client = new SimulatedClient({
      world,
      sqlite,
      name: 'abc'[i]!,
      backend: world.chance(0.15) ? null : provider,
      trace,
    })
    return {
      network,
      client,
      attach: () => {
        client.backend = provider
      },
    }
  })
  const simulation: Simulation = { world, backend, participants, watched: new Map(), trace, rejected: 0 }
  let failure: string | null = null
  try {
    await live(simulation)
    await quiet(simulation)
    checkQuiet(simulation)
  } catch (error) {
    failure =
      error instanceof PropertyViolated || error instanceof NotIdle
        ? error.message
        : String(error instanceof Error ? error.stack : error)
    describe(simulation)
  }
  const result = { seed, failure, trace: lines, ...figures(simulation) }
  for (const { client } of participants) client.dispose()
  return result
}

/** Where everybody stands when a seed fails: the end of its trace. */
const describe = ({ participants, backend, trace }: Simulation): void => {
  trace(`backend: ${backend.log('simulated').length} events, ${JSON.stringify(backend.calls)}`)
  for (const { client } of participants) {
    client.sessions.forEach(({ store, isClosed }, i) =>
      trace(`${client.options.name}${i}: ${isClosed ? 'closed' : JSON.stringify(store.status)}`),
    )
  }
}

const figures = ({ participants, world, rejected }: Simulation) => {
  const stores = participants.flatMap(({ client }) => client.openSessions.map(({ store }) => store))
  return {
    events: participants.reduce(
      (sum, { client }) => sum + client.sessions.reduce((n, { committed }) => n + committed.size, 0),
      0,
    ),
    crashes: participants.reduce((sum, { client }) => sum + client.crashes, 0),
    rebases: stores.reduce((sum, store) => sum + store.status.leader.epoch, 0),
    rejected,
    skipped: stores.reduce((sum, store) => sum + store.quarantined.list().length, 0),
    tasks: world.tasksRun,
  }
}

// ---------------------------------------------------------------------------------------------------------- faults

type Operation = (simulation: Simulation) => void

const pick = <A>(world: World, values: ReadonlyArray<A>): A | undefined => values[world.integer(values.length)]

const anySession = ({
  world,
  participants,
}: Simulation): { readonly participant: Participant; readonly session: SimulatedSession } | undefined => {
  const participant = pick(world, participants)!
  const session = pick(world, participant.client.openSessions)
  return session === undefined ? undefined : { participant, session }
}

const randomEvent = (world: World): EventInput => {
  const id = `i${world.integer(5)}`
  const k = world.integer(1000)
  switch (world.integer(10)) {
    case 0:
    case 1:
    case 2:
      return put({ id, n: k })
    case 3:
    case 4:
      return mix({ id, k })
    case 5:
      return remove({ id })
    case 6:
      return claim({ name: `n${world.integer(6)}`, owner: `o${k}` })
    case 7:
      return strict({ id })
    case 8:
      return bad({ id })
    default:
      return draft({ id, k })
  }
}

const commit: Operation = (simulation) => {
  const found = anySession(simulation)
  if (found === undefined) return
  const { world, trace } = simulation
  const {
    participant: { client },
    session,
  } = found
  const events = Array.from({ length: world.chance(0.3) ? 1 + world.integer(4) : 1 }, () => randomEvent(world))
  const described = events.map(({ definition, args }) => ({ name: definition.name, argsJson: JSON.stringify(args) }))
  try {
    const receipt = session.store.commit(...events)
    trace(
      `${client.options.name}${client.sessions.indexOf(session)}: commit ${described.map((e) => e.name + e.argsJson).join(' ')} ${receipt.eventIds.map((id) => id.slice(-6)).join(' ')}`,
    )
    client.follow(session, receipt, described)
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'MaterializerFailed') throw error
  }
}

const operations: ReadonlyArray<readonly [weight: number, operation: Operation]> = [
  [30, commit],
  [
    2,
    ({ world, participants, trace }) => {
      const { client } = pick(world, participants)!
      const statements = world.chance(0.3) ? 0 : 1 + world.integer(60)
      trace(`${client.options.name}: leader dies within ${statements} statements`)
      client.crashLeader(statements)
    },
  ],
  [
    1,
    ({ world, participants }) => {
      const { client } = pick(world, participants)!
      if (client.openSessions.length < 3) void openSession(world, client)
    },
  ],
  [
    0.7,
    (simulation) => {
      const found = anySession(simulation)
      if (found === undefined || found.participant.client.openSessions.length < 2) return
      simulation.trace(`${found.participant.client.options.name}: session killed`)
      found.participant.client.killSession(found.session)
    },
  ],
  [
    2,
    ({ world, participants, trace }) => {
      const { network, client } = pick(world, participants)!
      if (network.isOnline) cutOff(network)
      else network.isOnline = true
      trace(`${client.options.name}: ${network.isOnline ? 'online' : 'offline'}`)
    },
  ],
  [
    1,
    ({ world, participants }) => {
      const { network } = pick(world, participants)!
      network.lossProbability = world.chance(0.5) ? 0 : world.random() * 0.5
      network.latencyMs = world.random() * (world.chance(0.2) ? 500 : 20)
    },
  ],
  [
    0.7,
    ({ backend, trace }) => {
      trace('backend restarts')
      backend.restart()
    },
  ],
  [
    1,
    (simulation) => {
      const isStrict = simulation.world.chance(0.6)
      simulation.trace(`backend is ${isStrict ? 'strict' : 'mild'}`)
      simulation.backend.setValidator((event) => (isStrict && event.name === 'bad' ? 'bad is refused' : undefined))
    },
  ],
  [0.5, ({ backend }) => backend.loseNextAnswer(1)],
  [
    1,
    ({ world, participants, trace }) => {
      const participant = pick(world, participants)!
      if (participant.client.backend === null) attach(world, participant, trace)
    },
  ],
]

/** A store that had no backend gets one, with the next session that brings it. */
const attach = (world: World, { client, attach: give }: Participant, trace: (line: string) => void): void => {
  trace(`${client.options.name}: gets a backend`)
  give()
  void openSession(world, client)
}

const openSession = async (world: World, client: SimulatedClient): Promise<void> => {
  await client.openSession()
  client.takeOverCrashes = world.random() * 0.3
}

const live = async (simulation: Simulation): Promise<void> => {
  const { world, participants } = simulation
  for (const { client } of participants) {
    let isOpen = false
    void openSession(world, client).then(() => (isOpen = true))
    await world.runUntil(() => isOpen, quietMs)
  }
  // Swarm: every seed has its own weights, so that rare faults meet often in some of them.
  const weighted = operations.map(
    ([weight, operation], i) => [weight * (i === 0 ? 1 : [0, 0.3, 1, 1, 5][world.integer(5)]!), operation] as const,
  )
  const total = weighted.reduce((sum, [weight]) => sum + weight, 0)
  const end = world.now + busyMs * (0.2 + world.random())
  while (world.now < end) {
    let left = world.random() * total
    const [, operation] = weighted.find(([weight]) => (left -= weight) < 0) ?? weighted[0]!
    operation(simulation)
    await world.runFor(world.random() * 60)
    checkStatus(simulation)
  }
}

/** Faults end; everything must become idle within the bound. */
const quiet = async (simulation: Simulation): Promise<void> => {
  const { world, participants, backend, trace } = simulation
  trace('faults end')
  backend.setValidator(() => undefined)
  for (const { client, network } of participants) {
    Object.assign(network, { isOnline: true, lossProbability: 0, latencyMs: 10 })
    client.takeOverCrashes = 0
    client.crashLeader(Number.POSITIVE_INFINITY)
  }
  for (const participant of participants) {
    if (!participant.client.openSessions.some(({ hasBackend }) => hasBackend)) attach(world, participant, trace)
  }
  const isIdle = (): boolean =>
    participants.every(({ client }) =>
      client.openSessions.every(
        ({ store }) =>
          store.status.isSynced && store.status.session.localHead.global === backend.log('simulated').length,
      ),
    )
  await world.runUntil(isIdle, quietMs)
  await world.runFor(50)
  await world.runUntil(isIdle, quietMs)
  checkStatus(simulation)
}
