/**
 * Makes things go wrong, one loop per kind of fault, until it is told that it is over; then each loop takes back what it
 * did.
 *
 * | Kind         | Does, to random clients at random times                                                        |
 * | ------------ | ---------------------------------------------------------------------------------------------- |
 * | `kill`       | SIGKILL; the process starts again on the same files                                            |
 * | `pause`      | SIGSTOP and SIGCONT, one in four times for longer than a leader may be silent                  |
 * | `partition`  | nothing gets through the client's proxy: connections are reset, or swallow everything          |
 * | `disconnect` | the client's machine says that it has no network, and later that it has                        |
 * | `server`     | SIGKILL of the server; it starts again on the same files                                       |
 * | `flaky`      | every fault that the proxy has for a request, at all clients, at rates that change             |
 */
import { type FaultRates, requestFaults, seededRandom } from '@headwater/testkit/node'
import type { ClientProcess } from './ClientProcess.ts'
import type { FaultKind, RoundPlan } from './Matrix.ts'
import type { ServerProcess } from './ServerProcess.ts'

export interface ChaosWorld {
  readonly plan: RoundPlan
  readonly clients: ReadonlyArray<ClientProcess>
  readonly server: ServerProcess
  /** The server's log, or a client's files, while no process has them. */
  readonly sampleServer: () => void
  readonly sampleClient: (client: ClientProcess) => void
}

export type ChaosCounts = Record<'kill' | 'pause' | 'disconnect' | 'server', number>

interface Chaos extends ChaosWorld {
  readonly over: AbortSignal
  readonly counts: ChaosCounts
  readonly random: () => number
}

/** Runs until `over`; resolves when every fault has ended and every process runs. */
export const runChaos = async (world: ChaosWorld, over: AbortSignal): Promise<ChaosCounts> => {
  const counts: ChaosCounts = { kill: 0, pause: 0, disconnect: 0, server: 0 }
  const chaosOf = (kind: FaultKind): Chaos => ({
    ...world,
    over,
    counts,
    random: seededRandom(world.plan.seed * 31 + kind.length * 7 + kind.charCodeAt(0)),
  })
  await Promise.all(world.plan.faults.map((kind) => loops[kind](chaosOf(kind))))
  for (const { proxy } of world.clients) proxy.heal()
  return counts
}

const between = ({ random }: Chaos, minMs: number, maxMs: number): number => minMs + random() * (maxMs - minMs)

/** Resolves after that time, or when it is over. */
const wait = ({ over }: Chaos, ms: number): Promise<void> =>
  new Promise((resolve) => {
    if (over.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      over.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    over.addEventListener('abort', done)
  })

const someClients = ({ clients, random }: Chaos): ReadonlyArray<ClientProcess> => {
  const share = random()
  const chosen = clients.filter(() => random() < share)
  return chosen.length > 0 ? chosen : [oneClient({ clients, random })]
}

const oneClient = ({ clients, random }: Pick<Chaos, 'clients' | 'random'>): ClientProcess =>
  clients[Math.floor(random() * clients.length)]!

const killLoop = async (chaos: Chaos): Promise<void> => {
  while (!chaos.over.aborted) {
    await wait(chaos, between(chaos, 500, 2_500))
    const victims = chaos.random() < 0.2 ? someClients(chaos) : [oneClient(chaos)]
    const downMs = chaos.random() < 0.5 ? 0 : between(chaos, 0, 2_000)
    if (chaos.over.aborted) return
    await Promise.all(victims.map((victim) => victim.kill()))
    chaos.counts.kill += victims.length
    // Half of the time nobody but the client itself is the first to open the files again.
    if (chaos.random() < 0.5) victims.forEach(chaos.sampleClient)
    await wait(chaos, downMs)
    for (const victim of victims) victim.start()
  }
}

const pauseLoop = async (chaos: Chaos): Promise<void> => {
  while (!chaos.over.aborted) {
    await wait(chaos, between(chaos, 500, 2_000))
    const victims = someClients(chaos)
    const pausedMs = chaos.random() < 0.25 ? between(chaos, 5_000, 9_000) : between(chaos, 100, 2_500)
    if (chaos.over.aborted) return
    for (const victim of victims) victim.signal('SIGSTOP')
    chaos.counts.pause += victims.length
    await wait(chaos, pausedMs)
    for (const victim of victims) victim.signal('SIGCONT')
  }
}

const partitionLoop = async (chaos: Chaos): Promise<void> => {
  while (!chaos.over.aborted) {
    await wait(chaos, between(chaos, 500, 4_000))
    const victims = someClients(chaos)
    const kind = chaos.random() < 0.5 ? 'refuse' : 'black-hole'
    const partMs = between(chaos, 500, 8_000)
    if (chaos.over.aborted) return
    for (const { proxy } of victims) proxy.partition(kind)
    await wait(chaos, partMs)
    for (const { proxy } of victims) {
      proxy.heal()
      proxy.setRates(flakyRates.get(proxy) ?? {})
    }
  }
}

const disconnectLoop = async (chaos: Chaos): Promise<void> => {
  while (!chaos.over.aborted) {
    await wait(chaos, between(chaos, 500, 4_000))
    const victims = someClients(chaos)
    const offlineMs = between(chaos, 500, 8_000)
    if (chaos.over.aborted) return
    for (const victim of victims) victim.tell('offline')
    chaos.counts.disconnect += victims.length
    await wait(chaos, offlineMs)
    for (const victim of victims) victim.tell('online')
  }
}

const serverLoop = async (chaos: Chaos): Promise<void> => {
  while (!chaos.over.aborted) {
    await wait(chaos, between(chaos, 1_000, 6_000))
    const downMs = chaos.random() < 0.5 ? 0 : between(chaos, 0, 4_000)
    if (chaos.over.aborted) return
    await chaos.server.kill()
    chaos.counts.server++
    chaos.sampleServer()
    await wait(chaos, downMs)
    await chaos.server.start()
  }
}

/** What each proxy has to go back to after a partition. */
const flakyRates = new WeakMap<object, FaultRates>()

const flakyLoop = async (chaos: Chaos): Promise<void> => {
  while (!chaos.over.aborted) {
    for (const { proxy } of chaos.clients) {
      // Up to two thirds of all requests are hit, by faults in ever different proportions.
      const weights = requestFaults.map(() => chaos.random() ** 2)
      const sum = weights.reduce((total, weight) => total + weight, 0)
      const share = 0.67 * chaos.random()
      const rates = Object.fromEntries(requestFaults.map((fault, i) => [fault, ((weights[i] ?? 0) / sum) * share]))
      flakyRates.set(proxy, rates)
      proxy.setRates(rates)
    }
    await wait(chaos, between(chaos, 2_000, 6_000))
  }
}

const loops: Readonly<Record<FaultKind, (chaos: Chaos) => Promise<void>>> = {
  kill: killLoop,
  pause: pauseLoop,
  partition: partitionLoop,
  disconnect: disconnectLoop,
  server: serverLoop,
  flaky: flakyLoop,
}
