import { join } from 'node:path'
import { type FaultProxy, faultProxy } from '@headwater/testkit/node'
import { type ChaosCounts, runChaos } from './Chaos.ts'
import { ClientProcess } from './ClientProcess.ts'
import type { ClientEnd, ClientSample, History, Operation, ServerSample, Violation } from './History.ts'
import { checkHistory } from './HistoryCheck.ts'
import type { RoundPlan } from './Matrix.ts'
import { ServerProcess } from './ServerProcess.ts'

/** Within this everybody is idle again after the faults have ended. **Source** spec section 11, P8. */
export const idleWithinMs = 10_000
/** How long a client that is late is watched, to tell one that is slow from one that is stuck. */
const lateWithinMs = 30_000
const endWithinMs = 15_000
const sampleEveryMs = 3_000

/** Processes and files of a round are given, so that rounds share what costs time. */
export interface RoundOptions {
  readonly plan: RoundPlan
  readonly folder: string
  readonly bundled: (name: string) => string
  readonly workerUrl: string
}

export interface RoundResult {
  readonly plan: RoundPlan
  readonly violations: ReadonlyArray<Violation>
  readonly history: History
  /** Events in the server's log at the end. */
  readonly events: number
  /** Commits that were told to be persisted, confirmed or rejected. */
  readonly acknowledged: number
  readonly reads: number
  readonly faults: number
  /** The slowest client's. **Units** ms. */
  readonly idleAfterMs: number | null
}

/** What a round has at hand while it runs. */
interface Round {
  readonly plan: RoundPlan
  readonly server: ServerProcess
  readonly clients: ReadonlyArray<ClientProcess>
  readonly operations: Array<Operation>
  readonly serverSamples: Array<ServerSample>
  readonly clientSamples: Array<ClientSample>
  readonly problems: Array<string>
}

/** Runs one round: work and faults, then peace, then the verdict. No process outlives it. */
export const runRound = async (options: RoundOptions): Promise<RoundResult> => {
  const round = await openRound(options)
  try {
    const chaos = await workAndFaults(round)
    const ends = await peace(round)
    await endClients(round)
    return verdict(round, chaos, ends)
  } finally {
    await Promise.all(round.clients.map((client) => client.kill()))
    await round.server.kill()
    await Promise.all(round.clients.map(({ proxy }) => proxy.close()))
  }
}

const openRound = async ({ plan, folder, bundled, workerUrl }: RoundOptions): Promise<Round> => {
  const operations: Array<Operation> = []
  const problems: Array<string> = []
  const reportProblem = (detail: string): void => void problems.push(detail)
  const server = new ServerProcess({ data: join(folder, 'server'), script: bundled('HistoryServer'), reportProblem })
  await server.start()
  const proxies = await Promise.all(
    Array.from({ length: plan.clients }, (_, client): Promise<FaultProxy> =>
      faultProxy({ target: () => server.url, seed: plan.seed * 100 + client }),
    ),
  )
  const clients = proxies.map(
    (proxy, client) =>
      new ClientProcess({
        client,
        directory: join(folder, `client-${client}`),
        proxy,
        seed: plan.seed,
        rate: plan.rate / plan.clients,
        bundled,
        workerUrl,
        hear: (operation) => void operations.push(operation),
        reportProblem,
      }),
  )
  return { plan, server, clients, operations, serverSamples: [], clientSamples: [], problems }
}

const sampleServer = ({ server, operations, serverSamples }: Round): void =>
  void serverSamples.push({ step: operations.length, log: server.log() })

const sampleClient = (round: Round, client: ClientProcess): void => {
  const sample = client.sample(round.operations.length)
  if (sample !== null) round.clientSamples.push(sample)
}

const workAndFaults = async (round: Round): Promise<ChaosCounts> => {
  const { plan, server, clients } = round
  for (const client of clients) client.start()
  // One that never opens shows in the end: it is not idle.
  await Promise.race([Promise.all(clients.map(({ opened }) => opened)), wait(endWithinMs)])
  const over = new AbortController()
  const ended = new Promise<void>((resolve) => {
    over.signal.addEventListener('abort', () => resolve())
  })
  setTimeout(() => over.abort(), plan.seconds * 1_000)
  // What is confirmed has to be there at every later time, also where the server is never killed.
  const sampling = setInterval(() => sampleServer(round), sampleEveryMs)
  const counts = await runChaos(
    {
      plan,
      clients,
      server,
      sampleServer: () => sampleServer(round),
      sampleClient: (client) => sampleClient(round, client),
    },
    over.signal,
  )
  await ended
  clearInterval(sampling)
  return counts
}

// ---------------------------------------------------------------------------------------------------------- peace

/** The faults have ended: nobody commits any more, and everybody has to become idle. */
const peace = async (round: Round): Promise<ReadonlyArray<ClientEnd>> => {
  const { clients } = round
  const startedAt = performance.now()
  for (const client of clients) client.tell('quiet')
  let isIdle = await untilIdle(round, idleWithinMs)
  const idleAt = clients.map((client) => (isIdle || isSynced(round, client) ? client.statusAt - startedAt : null))
  if (!isIdle) {
    isIdle = await untilIdle(round, lateWithinMs)
    for (const client of clients)
      if (idleAt[client.client] === null)
        round.problems.push(
          `client ${client.client} ${isSynced(round, client) ? `was idle after ${Math.round(client.statusAt - startedAt)} ms` : 'is still not idle'}`,
        )
  }
  sampleServer(round)
  return clients.map((client) => ({
    client: client.client,
    idleAfterMs: idleAt[client.client] ?? null,
    state: `${JSON.stringify(client.status)}\n${client.logTail}`,
    lists: null,
    quarantined: 0,
  }))
}

/** Whether its last word is that it has everything and everybody has everything of it. */
const isSynced = ({ server }: Round, { status }: ClientProcess, head = server.log().length): boolean =>
  status !== null && status.isSynced && status.backend.pending === 0 && status.session.settledHead.global >= head

/** Looks at every status that arrives; the server's head is read only when all clients have nothing more to push. */
const untilIdle = async (round: Round, limitMs: number): Promise<boolean> => {
  const { clients } = round
  const isIdle = (): boolean => {
    if (!clients.every((client) => isSynced(round, client, 0))) return false
    const head = round.server.log().length
    return clients.every((client) => isSynced(round, client, head))
  }
  const idle = Promise.withResolvers<boolean>()
  const look = (): void => void (isIdle() && idle.resolve(true))
  for (const client of clients) client.onStatus = look
  look()
  const timer = setTimeout(() => idle.resolve(false), limitMs)
  const result = await idle.promise
  clearTimeout(timer)
  for (const client of clients) client.onStatus = () => undefined
  return result
}

// -------------------------------------------------------------------------------------------------------- verdict

const endClients = async (round: Round): Promise<void> => {
  await Promise.all(round.clients.map((client) => client.finish(endWithinMs)))
  for (const client of round.clients) sampleClient(round, client)
  sampleServer(round)
}

const verdict = (round: Round, chaos: ChaosCounts, idle: ReadonlyArray<ClientEnd>): RoundResult => {
  const { plan, operations, serverSamples, clientSamples, problems, clients } = round
  const ends = idle.map((end): ClientEnd => ({ ...end, ...clients[end.client]?.finished }))
  const history: History = {
    clients: plan.clients,
    operations,
    serverSamples,
    clientSamples,
    ends,
    processProblems: problems,
  }
  const times = ends.map(({ idleAfterMs }) => idleAfterMs)
  const count = (...kinds: ReadonlyArray<Operation['is']>) => operations.filter(({ is }) => kinds.includes(is)).length
  const injected = clients.flatMap(({ proxy }) => Object.values(proxy.counts))
  return {
    plan,
    violations: checkHistory(history),
    history,
    events: serverSamples.at(-1)?.log.length ?? 0,
    acknowledged: count('persisted'),
    reads: count('read'),
    faults: [...Object.values(chaos), ...injected].reduce((sum, n) => sum + n, 0),
    idleAfterMs: times.includes(null) ? null : Math.round(Math.max(...times.map((ms) => ms ?? 0))),
  }
}

const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
