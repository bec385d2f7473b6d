/**
 * What can happen in a simulation, by name. A step throws dice of its own, so that it does much the same in a schedule
 * that was made shorter.
 */
import * as Effect from 'effect/Effect'
import type { Dice } from './Dice.ts'
import { attach, backendLog, open, type Participant, type Simulation } from './Simulation.ts'
import { cutStreams } from './SimulatedNetwork.ts'
import { randomEvent } from './SimulatedSchema.ts'
import { type SimulatedSession, storeId } from './SimulatedSession.ts'

type Step = (simulation: Simulation, dice: Dice) => void

const anyone = ({ participants }: Simulation, dice: Dice): Participant => dice.pick(participants)!

const anySession = (simulation: Simulation, dice: Dice): SimulatedSession | undefined =>
  dice.pick(anyone(simulation, dice).client.openSessions.filter(({ isClosing }) => !isClosing))

const commit: Step = (simulation, dice) => {
  const session = anySession(simulation, dice)
  if (session === undefined || session.process.isFrozen) return
  const count = dice.chance(0.3) ? 1 + dice.integer(4) : 1
  const events = Array.from({ length: count }, () => randomEvent(dice, session.version))
  try {
    const { eventIds } = session.commit(events)
    const described = events.map(
      ({ definition, args }, i) => `${definition.name}${JSON.stringify(args)} ${eventIds[i]}`,
    )
    simulation.trace(`${session.label}: commit ${described.join(', ')}`)
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'MaterializerFailed') throw error
  }
}

// ------------------------------------------------------------------------------------------------------ processes

const crashLeaderAtDisk: Step = (simulation, dice) => {
  const { client } = anyone(simulation, dice)
  const count = dice.integer(120)
  simulation.trace(`${client.options.name}: leader dies within ${count} operations on its disk`)
  client.leader?.process.dieWithin(count, 'disk operations')
}

const crashLeaderBetweenTasks: Step = (simulation, dice) => {
  const { client } = anyone(simulation, dice)
  const count = dice.integer(20)
  simulation.trace(`${client.options.name}: leader dies within ${count} tasks`)
  if (count === 0) client.leader?.process.kill()
  else client.leader?.process.dieWithin(count, 'tasks')
}

const crashTakeOvers: Step = (simulation, dice) => {
  anyone(simulation, dice).client.takeOverCrashes = dice.chance(0.5) ? 0 : dice.random() * 0.4
}

const losePower: Step = (simulation, dice) => {
  const { client } = anyone(simulation, dice)
  simulation.trace(`${client.options.name}: loses power`)
  client.losePower()
  // The tail of an eventlog that is not synced may be gone, and comes again from the backend.
  simulation.logsSeen.delete(client)
  void open(simulation, client)
}

const hangLeader: Step = (simulation, dice) => {
  const { client } = anyone(simulation, dice)
  const [detectedMs, thawMs] = [20 + dice.random() * 200, dice.random() * 1000]
  if (!client.hangLeader(detectedMs, thawMs)) return
  simulation.trace(
    `${client.options.name}: leader hangs, noticed after ${detectedMs | 0} ms, wakes after ${thawMs | 0} ms`,
  )
}

const openAnother: Step = (simulation, dice) => {
  const { client } = anyone(simulation, dice)
  if (client.openSessions.length < 3) void open(simulation, client)
}

const killSession: Step = (simulation, dice) => {
  const { client } = anyone(simulation, dice)
  const session = dice.pick(client.openSessions)
  if (session === undefined) return
  simulation.trace(`${session.label}: killed`)
  session.kill()
  if (client.openSessions.length === 0) void open(simulation, client)
}

const closeSession: Step = (simulation, dice) => {
  const { client } = anyone(simulation, dice)
  const candidates = client.openSessions.filter(({ isClosing }) => !isClosing)
  const session = dice.pick(candidates)
  if (session === undefined || candidates.length < 2) return
  simulation.trace(`${session.label}: closes`)
  session.close()
}

const freezeSession: Step = (simulation, dice) => {
  const session = anySession(simulation, dice)
  if (session === undefined) return
  const thawMs = dice.random() * 1500
  simulation.trace(`${session.label}: frozen for ${thawMs | 0} ms`)
  session.process.freeze()
  simulation.world.schedule(thawMs, () => session.process.thaw())
}

const upgrade: Step = (simulation, dice) => {
  const { client } = anyone(simulation, dice)
  if (client.version === 2) return
  simulation.trace(`${client.options.name}: the app is upgraded`)
  client.version = 2
  void open(simulation, client)
}

const downgrade: Step = (simulation, dice) => {
  const { client } = anyone(simulation, dice)
  if (client.version === 1) return
  simulation.trace(`${client.options.name}: an older app is installed`)
  client.killAll()
  client.version = 1
  void open(simulation, client)
}

// ---------------------------------------------------------------------------------------------------------- disks

const damageState: Step = (simulation, dice) => {
  const { client } = anyone(simulation, dice)
  client.leader?.process.kill()
  if (client.damageState()) simulation.trace(`${client.options.name}: the state database is damaged`)
}

const diskTrouble: Step = (simulation, dice) => {
  const { client } = anyone(simulation, dice)
  const forMs = dice.random() * 400
  client.diskFaults = {
    [dice.pick(['io', 'full', 'short-write'] as const)!]: dice.chance(0.3) ? 1 : dice.random() * 0.2,
  }
  simulation.trace(`${client.options.name}: disk ${JSON.stringify(client.diskFaults)} for ${forMs | 0} ms`)
  simulation.world.schedule(forMs, () => {
    client.diskFaults = {}
  })
}

// --------------------------------------------------------------------------------------------- network and backend

const goOffline: Step = (simulation, dice) => {
  const { network, client } = anyone(simulation, dice)
  network.isOnline = !network.isOnline
  if (!network.isOnline) cutStreams(network)
  simulation.trace(`${client.options.name}: ${network.isOnline ? 'online' : 'offline'}`)
}

const changeNetwork: Step = (simulation, dice) => {
  const { network, client } = anyone(simulation, dice)
  const some = (): number => (dice.chance(0.5) ? 0 : dice.random() * 0.4)
  network.faults = { loss: some(), duplicates: some(), late: some(), pages: some() }
  network.latencyMs = dice.random() * (dice.chance(0.2) ? 500 : 20)
  simulation.trace(`${client.options.name}: network ${JSON.stringify(network.faults)}, ${network.latencyMs | 0} ms`)
}

const expireToken: Step = (simulation, dice) => {
  const { network, client } = anyone(simulation, dice)
  network.isTokenValid = !network.isTokenValid
  simulation.trace(`${client.options.name}: token ${network.isTokenValid ? 'renewed' : 'expired'}`)
}

const restartBackend: Step = ({ backend, trace }) => {
  trace('backend restarts')
  backend.restart()
}

const changeValidator: Step = ({ backend, trace, refusedIds }, dice) => {
  const isStrict = dice.chance(0.6)
  trace(`backend is ${isStrict ? 'strict' : 'mild'}`)
  backend.setValidator(({ id, name }) => {
    if (!isStrict || name !== 'bad') return undefined
    refusedIds.add(id)
    return 'bad is refused'
  })
}

const loseAnswer: Step = ({ backend }) => backend.loseNextAnswer(1)

const attachLater: Step = (simulation, dice) => {
  const participant = anyone(simulation, dice)
  if (participant.client.backend === null) attach(simulation, participant)
}

/** Somebody pushes an event of his own under the id of one that is still on its way. */
const forge: Step = (simulation, dice) => {
  const session = anySession(simulation, dice)
  const pending = dice.pick([...(session?.committed.values() ?? [])].filter(({ confirmed }) => confirmed === null))
  const log = backendLog(simulation)
  if (session === undefined || pending === undefined || log.some(({ id }) => id === pending.id)) return
  const last = log.at(-1)
  const parent = last === undefined ? { global: 0, eventId: null } : { global: last.global, eventId: last.id }
  const event = {
    global: parent.global + 1,
    parentGlobal: parent.global,
    parentId: parent.eventId,
    id: pending.id,
    name: 'put',
    argsJson: JSON.stringify({ id: 'i0', n: 5000 + dice.integer(1000) }),
    clientId: dice.chance(0.5) ? session.store.clientId : 'forger',
    sessionId: 'forged',
    createdAt: simulation.world.now,
  }
  simulation.trace(`forged: ${pending.id} of ${session.label}`)
  simulation.forgedIds.add(pending.id)
  const { backend } = simulation
  const push = Effect.flatMap(backend.make({ storeId, clientId: 'forger' }), (forger) =>
    forger.push({ backendId: backend.backendId(storeId), parent, events: [event] }),
  )
  Effect.runSync(Effect.ignore(Effect.scoped(push)))
}

/** The backend loses the end of its log, or all of it: a restored backup, another server behind the address. */
const changeHistory: Step = (simulation, dice) => {
  const { backend, trace } = simulation
  const length = backendLog(simulation).length
  if (length === 0) return
  simulation.historyChanges++
  if (dice.chance(0.3)) {
    trace('backend: another log behind the same address')
    return backend.replaceLog(storeId)
  }
  const kept = dice.integer(length)
  trace(`backend: restored to e${kept}`)
  backend.restore(storeId, kept)
}

const resolveHistory: Step = (simulation, dice) => {
  const session = anySession(simulation, dice)
  if (session === undefined || session.store.status.backend.connection !== 'stopped') return
  resolve(simulation, session, dice)
}

/** What the app does when sync has stopped; also once the faults are over. */
export const resolve = ({ trace, participants }: Simulation, session: SimulatedSession, dice: Dice): void => {
  const choice = dice.chance(0.5) ? 'reset' : 're-push'
  trace(`${session.label}: ${choice}`)
  const { client } = participants.find(({ client: { sessions } }) => sessions.includes(session))!
  if (choice === 'reset') client.record.resets++
  session.store.resolveHistory(choice).catch((error: Error) => trace(`${session.label}: ${choice}: ${error.message}`))
}

export const steps = {
  commit,
  crashLeaderAtDisk,
  crashLeaderBetweenTasks,
  crashTakeOvers,
  losePower,
  hangLeader,
  openAnother,
  killSession,
  closeSession,
  freezeSession,
  upgrade,
  downgrade,
  damageState,
  diskTrouble,
  goOffline,
  changeNetwork,
  expireToken,
  restartBackend,
  changeValidator,
  loseAnswer,
  attachLater,
  forge,
  changeHistory,
  resolveHistory,
} as const satisfies Readonly<Record<string, Step>>

export type StepName = keyof typeof steps

/** How often each happens, relative to the others; a seed varies it (see `Schedule.ts`). */
export const stepWeights: Readonly<Record<StepName, number>> = {
  commit: 30,
  crashLeaderAtDisk: 2,
  crashLeaderBetweenTasks: 1,
  crashTakeOvers: 0.5,
  losePower: 0.5,
  hangLeader: 0.7,
  openAnother: 1,
  killSession: 0.7,
  closeSession: 0.5,
  freezeSession: 0.7,
  upgrade: 0.4,
  downgrade: 0.2,
  damageState: 0.3,
  diskTrouble: 0.7,
  goOffline: 2,
  changeNetwork: 1,
  expireToken: 0.7,
  restartBackend: 0.7,
  changeValidator: 1,
  loseAnswer: 0.5,
  attachLater: 1,
  forge: 0.8,
  changeHistory: 0.15,
  resolveHistory: 0.5,
}
