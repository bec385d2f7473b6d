/**
 * One seed: clients, sessions and a backend on one virtual clock, faults for a while, then quiet, then the properties.
 *
 * **Source**  spec section 11.
 */
import type { WasmSqlite } from '@headwater/sqlite-wasm'
import { Dice } from './Dice.ts'
import { checkQuiet } from './QuietProperties.ts'
import { makeSchedule, type ScheduledStep } from './Schedule.ts'
import { cutStreams, noFaults } from './SimulatedNetwork.ts'
import { attach, backendLog, describe, makeSimulation, open, type Participant, type Simulation } from './Simulation.ts'
import { checkLog, checkStep, isSettledPrefix } from './StepLaws.ts'
import { resolve, steps } from './Steps.ts'
import { must, Violation } from './Violation.ts'
import { NotIdle } from './World.ts'

export interface SeedFigures {
  readonly events: number
  readonly crashes: number
  readonly powerLosses: number
  readonly takeOvers: number
  readonly rebases: number
  readonly rejected: number
  readonly skipped: number
  readonly diskFaults: number
  readonly networkFaults: number
  readonly historyChanges: number
  readonly tasks: number
}

export interface SeedResult {
  readonly seed: number
  /** **Shape**  the law or property, a colon, what is wrong; `null` if all hold. */
  readonly failure: string | null
  readonly trace: ReadonlyArray<string>
  readonly figures: SeedFigures
  /** Virtual time from the end of the faults until everybody was idle. **Units** ms. */
  readonly idleAfterMs: number
}

/** Within this time everybody is idle once the faults have ended. **Units** virtual ms. */
const quietMs = 120_000

/** Reading a log costs more than a step: one is looked at after that many. */
const stepsBetweenLooks = 12

/** How often the apps have to decide what becomes of a log that has changed, at most. */
const decisionsMax = 30

/** `only`: steps of the seed's schedule to take, by their index; all of them if left out. */
export const runSeed = async (seed: number, sqlite: WasmSqlite, only?: ReadonlySet<number>): Promise<SeedResult> => {
  const simulation = makeSimulation(seed, sqlite)
  const schedule = makeSchedule(seed).filter(({ index }) => only?.has(index) ?? true)
  let failure: string | null = null
  let idleAfterMs = 0
  try {
    await start(simulation)
    for (const step of schedule) await take(simulation, step)
    const faultsEndedAt = simulation.world.now
    await quiet(simulation, new Dice(seed))
    idleAfterMs = simulation.world.now - faultsEndedAt
    checkQuiet(simulation)
  } catch (error) {
    failure = describeFailure(error)
    describe(simulation)
  }
  const figures = figuresOf(simulation)
  try {
    for (const { client } of simulation.participants) client.dispose()
  } catch (error) {
    failure ??= describeFailure(error)
  }
  return { seed, failure, trace: simulation.lines, figures, idleAfterMs }
}

const describeFailure = (error: unknown): string => {
  if (error instanceof NotIdle) return `P8: ${error.message}`
  if (error instanceof Violation) return error.message
  return `crash: ${error instanceof Error ? error.stack : String(error)}`
}

const start = async (simulation: Simulation): Promise<void> => {
  for (const { client } of simulation.participants) {
    let isOpen = false
    void open(simulation, client).then(() => (isOpen = true))
    await simulation.world.runUntil(() => isOpen, quietMs)
  }
}

const take = async (simulation: Simulation, { name, seed, waitMs, index }: ScheduledStep): Promise<void> => {
  const { world, lines } = simulation
  const length = lines.length
  steps[name](simulation, new Dice(seed))
  if (lines.length > length) lines[length] = lines[length]!.replace(/^(\s*\S+ )/u, `$1#${index} `)
  await world.runFor(waitMs)
  checkStep(simulation)
  const { participants } = simulation
  if (index % stepsBetweenLooks === 0)
    checkLog(simulation, participants[(index / stepsBetweenLooks) % participants.length]!.client)
}

/** Faults end; everything must become idle within the bound. */
const quiet = async (simulation: Simulation, dice: Dice): Promise<void> => {
  const { world, participants, backend, trace } = simulation
  trace('faults end')
  backend.setValidator(() => undefined)
  for (const participant of participants) endFaults(simulation, participant)
  const isSettled = (): boolean => participants.every((each) => isIdle(simulation, each) || isStopped(each))
  for (let decisions = 0; ; decisions++) {
    must(decisions < decisionsMax, 'P8', () => 'sync stops again however often the app decides')
    const deadline = world.now + quietMs
    do {
      must(world.now < deadline, 'P8', () => 'idle comes and goes')
      await world.runUntil(isSettled, quietMs)
      // Receipts are told a moment later.
      await world.runFor(100)
    } while (!isSettled())
    checkStep(simulation)
    const stopped = participants.filter(isStopped)
    for (const { client } of participants) {
      checkLog(simulation, client)
      must(
        isSettledPrefix(simulation, client) || stopped.some((each) => each.client === client),
        'P10',
        () => `${client.options.name}: its settled events are not the backend's, and nobody is told`,
      )
    }
    if (stopped.length === 0) return
    // One at a time: the next one may find that all is well again.
    resolve(
      simulation,
      dice.pick(stopped)!.client.openSessions.find(({ isClosing }) => !isClosing)!,
      dice,
    )
    await world.runFor(200)
  }
}

const endFaults = (simulation: Simulation, participant: Participant): void => {
  const { client, network } = participant
  Object.assign(network, { isOnline: true, isTokenValid: true, faults: noFaults, latencyMs: 10 })
  cutStreams(network)
  client.endFaults()
  const isAttached = client.openSessions.some(({ hasBackend, isClosing }) => hasBackend && !isClosing)
  if (!isAttached) attach(simulation, participant)
}

/** Nothing that could still happen to this client changes anything. */
const isIdle = (simulation: Simulation, { client }: Participant): boolean =>
  client.openSessions.length > 0 &&
  client.openSessions.every(
    ({ store, isClosing }) =>
      !isClosing && store.status.isSynced && store.status.session.localHead.global === backendLog(simulation).length,
  )

/** Sync has stopped: the app has to decide. */
const isStopped = ({ client }: Participant): boolean =>
  client.openSessions.some(({ isClosing }) => !isClosing) &&
  client.openSessions.every(
    ({ store, isClosing }) =>
      !isClosing && store.status.backend.connection === 'stopped' && store.status.session.pending === 0,
  )

const figuresOf = (simulation: Simulation): SeedFigures => {
  const { participants, world, historyChanges } = simulation
  const sum = (of: (participant: Participant) => number): number => participants.reduce((n, each) => n + of(each), 0)
  const deepest = (of: (participant: Participant) => ReadonlyArray<number>): number =>
    sum((each) => Math.max(0, ...of(each)))
  return {
    events: sum(({ client }) => client.sessions.reduce((n, { committed }) => n + committed.size, 0)),
    crashes: sum(({ client }) => client.record.leaderDeaths + client.record.killedSessions),
    powerLosses: sum(({ client }) => client.record.powerLosses),
    takeOvers: sum(({ client }) => client.record.takeOvers),
    rebases: deepest(({ client }) => client.openSessions.map(({ store }) => store.status.leader.epoch)),
    rejected: sum(({ client }) =>
      client.sessions.reduce(
        (n, { committed }) => n + [...committed.values()].filter(({ rejection }) => rejection !== null).length,
        0,
      ),
    ),
    skipped: deepest(({ client }) => client.openSessions.map(({ store }) => store.quarantined.list().length)),
    diskFaults: sum(({ client }) => client.record.diskFaults),
    networkFaults: sum(({ network }) => network.injected),
    historyChanges,
    tasks: world.tasksRun,
  }
}
