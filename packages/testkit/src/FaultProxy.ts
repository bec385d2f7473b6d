import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { runExchange } from './FaultExchange.ts'
import { type FaultGate, faultGate } from './FaultGate.ts'
import {
  checkRates,
  drawPlan,
  type FaultPlan,
  type FaultRates,
  planOf,
  type RequestFault,
  requestFaults,
} from './FaultPlan.ts'
import { seededRandom } from './SeededRandom.ts'

/** `refuse`: connections are reset, old and new. `black-hole`: they stay, and nothing passes. */
export const partitionKinds = ['refuse', 'black-hole'] as const
export type PartitionKind = (typeof partitionKinds)[number]

export interface FaultProxyOptions {
  /** Where requests go; asked anew for each one, for a server that comes back on another port. */
  readonly target: string | (() => string)
  /** Whole number; the same seed gives the same faults for the same order of arrival. */
  readonly seed: number
}

/** An HTTP proxy in front of a server, with faults that can be set at any time. */
export interface FaultProxy {
  /** Where clients go instead of the server. */
  readonly url: string
  /** How often each fault was injected so far. */
  readonly counts: Readonly<Record<RequestFault | PartitionKind, number>>
  /** From now on these, instead of those set before. **Fails with** a `RangeError`. */
  readonly setRates: (rates: FaultRates) => void
  /** The next request that `isMeant` says so of gets this fault, whatever the rates are. */
  readonly hitNext: (
    fault: RequestFault,
    measures?: Partial<Omit<FaultPlan, 'fault'>>,
    isMeant?: (request: IncomingMessage) => boolean,
  ) => void
  readonly partition: (kind: PartitionKind) => void
  /**
   * Ends a partition and sets all rates to 0. As after a real one, some connections of a black hole go on where they
   * stood and some are reset. What a fault has silenced stays silent: that ends with the client's own time limit.
   */
  readonly heal: () => void
  readonly close: () => Promise<void>
}

/** What a proxy is made of; one record, so that the functions below say what they change. */
interface ProxyState {
  readonly target: () => string
  readonly random: () => number
  readonly gate: FaultGate
  readonly sockets: Set<Socket>
  readonly counts: Record<RequestFault | PartitionKind, number>
  readonly planned: Array<{ readonly plan: FaultPlan; readonly isMeant: (request: IncomingMessage) => boolean }>
  /** Requests that let others pass. */
  overtaken: Array<() => void>
  rates: FaultRates
  isRefusing: boolean
}

/**
 * Starts a {@link FaultProxy} on a free port of loopback. Answers pass as they come, event streams included.
 *
 * One proxy per client is the way to give clients faults of their own. The faults of requests are in `FaultPlan.ts`.
 *
 * **Example**
 * ```ts
 * const proxy = await faultProxy({ target: server.url, seed: 1 })
 * const backend = httpBackend({ url: proxy.url })
 * proxy.setRates({ 'drop-answer': 0.1, duplicate: 0.1 })
 * ```
 */
export const faultProxy = async ({ target, seed }: FaultProxyOptions): Promise<FaultProxy> => {
  const state: ProxyState = {
    target: typeof target === 'function' ? target : () => target,
    random: seededRandom(seed),
    gate: faultGate(),
    sockets: new Set(),
    counts: { ...zeroCounts },
    planned: [],
    overtaken: [],
    rates: {},
    isRefusing: false,
  }
  const server = makeServer(state)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    counts: state.counts,
    setRates: (rates) => {
      checkRates(rates)
      state.rates = rates
    },
    hitNext: (fault, measures, isMeant = () => true) =>
      void state.planned.push({ plan: planOf(fault, measures), isMeant }),
    partition: (kind) => part(state, kind),
    heal: () => heal(state),
    close: () => close(state, server),
  }
}

const zeroCounts = Object.fromEntries([...requestFaults, ...partitionKinds].map((name) => [name, 0])) as Record<
  RequestFault | PartitionKind,
  number
>

const makeServer = (state: ProxyState): Server => {
  const server = createServer((from, to) => void handle(state, from, to))
  // The only faults are those that were asked for.
  server.keepAliveTimeout = 0
  server.requestTimeout = 0
  server.headersTimeout = 0
  server.on('connection', (socket) => {
    if (state.isRefusing) return void socket.resetAndDestroy()
    state.sockets.add(socket)
    socket.on('close', () => state.sockets.delete(socket)).on('error', () => undefined)
  })
  server.on('clientError', (_, socket) => void socket.destroy())
  return server
}

const handle = async (state: ProxyState, from: IncomingMessage, to: ServerResponse): Promise<void> => {
  const drawn = drawPlan(state.random, state.rates)
  const index = state.planned.findIndex(({ isMeant }) => isMeant(from))
  const plan = state.planned.splice(index, index < 0 ? 0 : 1)[0]?.plan ?? drawn
  if (plan.fault !== null) state.counts[plan.fault]++
  await runExchange(from, to, plan, {
    target: state.target,
    gate: state.gate,
    overtaken: () => new Promise((resolve) => void state.overtaken.push(resolve)),
    answered: () => {
      for (const release of state.overtaken.splice(0)) release()
    },
  })
}

const part = (state: ProxyState, kind: PartitionKind): void => {
  state.counts[kind]++
  if (kind === 'black-hole') return state.gate.shut()
  state.isRefusing = true
  for (const socket of state.sockets) socket.resetAndDestroy()
}

const heal = (state: ProxyState): void => {
  state.rates = {}
  state.isRefusing = false
  if (state.gate.passed() === undefined) return
  for (const socket of state.sockets) if (state.random() < 0.5) socket.resetAndDestroy()
  state.gate.open()
}

const close = async (state: ProxyState, server: Server): Promise<void> => {
  state.isRefusing = true
  state.gate.open()
  for (const socket of state.sockets) socket.destroy()
  await new Promise<void>((resolve) => void server.close(() => resolve()))
}
