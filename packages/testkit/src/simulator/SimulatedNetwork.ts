/**
 * The way between a client and the backend: every message takes its time, requests and answers get lost, arrive twice or
 * long after anybody waits for them, pages of a stream get lost or come again, a token expires, and a client can be cut
 * off. The backend itself is `memoryBackend`, the oracle for the port's rules.
 */
import type { PullPage, PushBatch, SyncBackend, SyncBackendContext, SyncBackendProvider } from '@headwater/core/backend'
import { SyncBackendError, type SyncBackendReason, TimedOut, Unauthorized, Unreachable } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Latch from 'effect/Latch'
import * as Stream from 'effect/Stream'
import type { Dice } from './Dice.ts'
import type { World } from './World.ts'

/** How often things go wrong on the way, each a probability per message. */
export interface NetworkFaults {
  /** A request or an answer never arrives. */
  readonly loss: number
  /** A push arrives once more, later. */
  readonly duplicates: number
  /** A push arrives after its client has given it up. */
  readonly late: number
  /** A page of a stream is left out, or comes twice. */
  readonly pages: number
}

export const noFaults: NetworkFaults = { loss: 0, duplicates: 0, late: 0, pages: 0 }

/** A client's network, which the schedule changes. */
export interface SimulatedNetwork {
  faults: NetworkFaults
  latencyMs: number
  isOnline: boolean
  isTokenValid: boolean
  /** Opened to end the streams that are open now. */
  cut: Latch.Latch
  /** How many messages something happened to. */
  injected: number
}

export const makeNetwork = (): SimulatedNetwork => ({
  faults: noFaults,
  latencyMs: 10,
  isOnline: true,
  isTokenValid: true,
  cut: Latch.makeUnsafe(false),
  injected: 0,
})

/** Ends the streams that are open. */
export const cutStreams = (network: SimulatedNetwork): void => {
  const { cut } = network
  network.cut = Latch.makeUnsafe(false)
  cut.openUnsafe()
}

/** A lost message is noticed after this long. */
const timeoutMs = 3000
/** A push that comes late comes within this time. */
const lateMs = 8000

type Operation = 'ping' | 'push' | 'pull'

export interface NetworkOptions {
  readonly world: World
  readonly dice: Dice
  readonly network: SimulatedNetwork
}

export const overNetwork = (inner: SyncBackendProvider, options: NetworkOptions): SyncBackendProvider => ({
  name: inner.name,
  make: (context: SyncBackendContext) => Effect.map(inner.make(context), (backend) => wrap(backend, options)),
})

const failed = (operation: Operation, reason: SyncBackendReason): Effect.Effect<never, SyncBackendError> =>
  Effect.fail(new SyncBackendError({ operation, reason }))

const wrap = (backend: SyncBackend, options: NetworkOptions): SyncBackend => {
  const { dice, network } = options
  const hop = (operation: Operation): Effect.Effect<void, SyncBackendError> =>
    Effect.suspend(() => {
      const latency = Effect.sleep(dice.random() * network.latencyMs)
      if (!network.isOnline) return Effect.andThen(latency, failed(operation, new Unreachable({ detail: 'cut off' })))
      if (dice.chance(network.faults.loss)) return timedOut(operation, network)
      return latency
    })
  const authorized = (operation: Operation): Effect.Effect<void, SyncBackendError> =>
    Effect.suspend(() =>
      network.isTokenValid ? Effect.void : failed(operation, new Unauthorized({ detail: 'the token has expired' })),
    )
  const both = <A>(
    operation: Operation,
    call: Effect.Effect<A, SyncBackendError>,
  ): Effect.Effect<A, SyncBackendError> =>
    hop(operation).pipe(
      Effect.andThen(authorized(operation)),
      Effect.andThen(call),
      Effect.flatMap((answer) => Effect.as(hop(operation), answer)),
    )
  return {
    name: backend.name,
    ping: both('ping', backend.ping),
    push: (batch) => Effect.suspend(() => deliverPush(backend, batch, both('push', backend.push(batch)), options)),
    pull: (request) =>
      Stream.unwrap(
        Effect.map(Effect.andThen(hop('pull'), authorized('pull')), () =>
          backend.pull(request).pipe(
            Stream.tap(() => hop('pull')),
            Stream.flatMap((page) => Stream.fromIterable(arriving(page, options))),
            Stream.interruptWhen(
              Effect.andThen(network.cut.await, failed('pull', new Unreachable({ detail: 'cut off' }))),
            ),
          ),
        ),
      ),
    connection: backend.connection,
  }
}

const timedOut = (operation: Operation, network: SimulatedNetwork): Effect.Effect<never, SyncBackendError> => {
  network.injected++
  return Effect.andThen(Effect.sleep(timeoutMs), failed(operation, new TimedOut({ afterMs: timeoutMs })))
}

/** A push is the one request that changes something: it may arrive twice, and after everybody has forgotten it. */
const deliverPush = <A>(
  backend: SyncBackend,
  batch: PushBatch,
  inTime: Effect.Effect<A, SyncBackendError>,
  { world, dice, network }: NetworkOptions,
): Effect.Effect<A, SyncBackendError> => {
  const arriveLater = (): void => {
    network.injected++
    world.schedule(dice.random() * lateMs, () => void Effect.runFork(Effect.ignore(backend.push(batch))))
  }
  if (network.isOnline && dice.chance(network.faults.late)) {
    arriveLater()
    return timedOut('push', network)
  }
  if (network.isOnline && dice.chance(network.faults.duplicates)) arriveLater()
  return inTime
}

/** What arrives of a page: nothing, the page, or the page twice. */
const arriving = (page: PullPage, { dice, network }: NetworkOptions): ReadonlyArray<PullPage> => {
  if (!dice.chance(network.faults.pages)) return [page]
  network.injected++
  return dice.chance(0.5) ? [] : [page, page]
}
