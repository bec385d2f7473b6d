/**
 * The way between a client and the backend: every message takes its time, requests and answers get lost, and a client
 * can be cut off. The backend itself is `memoryBackend`, the oracle for the port's rules.
 */
import type { SyncBackend, SyncBackendContext, SyncBackendProvider } from '@headwater/core/backend'
import { SyncBackendError, TimedOut, Unreachable } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Latch from 'effect/Latch'
import * as Stream from 'effect/Stream'
import type { World } from './World.ts'

/** A client's network, which the schedule changes. */
export interface SimulatedNetwork {
  /** Of a request or an answer on the way. */
  lossProbability: number
  latencyMs: number
  isOnline: boolean
  /** Opened to end the streams that are open now. */
  cut: Latch.Latch
}

export const makeNetwork = (): SimulatedNetwork => ({
  lossProbability: 0,
  latencyMs: 10,
  isOnline: true,
  cut: Latch.makeUnsafe(false),
})

export const cutOff = (network: SimulatedNetwork): void => {
  network.isOnline = false
  const { cut } = network
  network.cut = Latch.makeUnsafe(false)
  cut.openUnsafe()
}

/** A lost message is noticed after this long. */
const timeoutMs = 3000

type Operation = 'ping' | 'push' | 'pull'

export const overNetwork = (
  world: World,
  inner: SyncBackendProvider,
  network: SimulatedNetwork,
): SyncBackendProvider => ({
  name: inner.name,
  make: (context: SyncBackendContext) => Effect.map(inner.make(context), (backend) => wrap(world, backend, network)),
})

const wrap = (world: World, backend: SyncBackend, network: SimulatedNetwork): SyncBackend => {
  const hop = (operation: Operation): Effect.Effect<void, SyncBackendError> =>
    Effect.suspend(() => {
      if (!network.isOnline) {
        const error = new SyncBackendError({ operation, reason: new Unreachable({ detail: 'cut off' }) })
        return Effect.andThen(Effect.sleep(world.random() * network.latencyMs), Effect.fail(error))
      }
      if (!world.chance(network.lossProbability)) return Effect.sleep(world.random() * network.latencyMs)
      const error = new SyncBackendError({ operation, reason: new TimedOut({ afterMs: timeoutMs }) })
      return Effect.andThen(Effect.sleep(timeoutMs), Effect.fail(error))
    })
  const both = <A>(
    operation: Operation,
    call: Effect.Effect<A, SyncBackendError>,
  ): Effect.Effect<A, SyncBackendError> =>
    Effect.andThen(
      hop(operation),
      Effect.flatMap(call, (answer) => Effect.as(hop(operation), answer)),
    )
  return {
    name: backend.name,
    ping: both('ping', backend.ping),
    push: (batch) => both('push', backend.push(batch)),
    pull: (request) =>
      Stream.unwrap(
        Effect.map(hop('pull'), () => {
          const { cut } = network
          const ended = Effect.andThen(
            cut.await,
            Effect.fail(new SyncBackendError({ operation: 'pull', reason: new Unreachable({ detail: 'cut off' }) })),
          )
          return backend.pull(request).pipe(
            Stream.tap(() => hop('pull')),
            Stream.interruptWhen(ended),
          )
        }),
      ),
    connection: backend.connection,
  }
}
