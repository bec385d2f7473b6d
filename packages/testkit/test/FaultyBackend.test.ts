import type { SyncBackend, SyncBackendError } from '@headwater/core/backend'
import {
  type BackendFaults,
  type BackendUnderTest,
  backendFaultKinds,
  faultyBackend,
  memoryBackend,
  syncBackendSuite,
} from '@headwater/testkit'
import * as Effect from 'effect/Effect'
import * as Fiber from 'effect/Fiber'
import * as Stream from 'effect/Stream'
import * as TestClock from 'effect/testing/TestClock'
import { describe, expect, test, vi } from 'vitest'
import { eventsAfter, positionOf, root } from '../src/SyncBackendFixture.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

/** Memory behind the wrapper. What the wrapper can do itself, it does. */
const makeBackend = (faults: BackendFaults) => async (): Promise<BackendUnderTest> => {
  const backend = memoryBackend()
  backend.setValidator((event) => (event.name === 'refused' ? 'refused' : undefined))
  const faulty = faultyBackend(backend, { seed: 1, faults })
  return {
    provider: faulty,
    restart: async () => backend.restart(),
    setOnline: async (isOnline) => faulty.setOnline(isOnline),
    loseNextAnswer: async () => faulty.loseNextAnswer(),
    setAuthorized: async (isAuthorized) => backend.setAuthorized(isAuthorized),
    setRateLimit: async (retryAfterMs) => backend.setRateLimit(retryAfterMs),
    replaceLog: async (storeId) => backend.replaceLog(storeId),
    restore: async (storeId, global) => backend.restore(storeId, global),
    close: async () => undefined,
  }
}

const capabilities = ['restart', 'offline', 'loseAnswer', 'refuse', 'token', 'rateLimit', 'restore'] as const

describe('faultyBackend without faults is the backend behind it', () => {
  syncBackendSuite({ test, capabilities: [...capabilities, 'replaceLog'], makeBackend: makeBackend({}) })
})

describe('faultyBackend that only delays and duplicates breaks none of the laws either', () => {
  const faults = { latencyMs: 1, holdMs: 2, holdPage: 0.3, duplicatePush: 0.3 }
  syncBackendSuite({ test, capabilities, makeBackend: makeBackend(faults) })
})

/** A client of a fresh log, on a clock that only `TestClock.adjust` moves. */
const onVirtualTime = (
  faults: BackendFaults,
  use: (backend: SyncBackend, memory: ReturnType<typeof memoryBackend>) => Effect.Effect<void, unknown>,
): Promise<void> => {
  const memory = memoryBackend({ pageEvents: 2 })
  return Effect.gen(function* () {
    const backend = yield* faultyBackend(memory, { seed: 1, faults }).make({ storeId: 's', clientId: 'a' })
    yield* use(backend, memory)
  }).pipe(Effect.scoped, Effect.provide(TestClock.layer()), Effect.runPromise)
}

const batch = (events = eventsAfter(root, 3)) => ({ backendId: 'memory:s:0', parent: root, events })

test('a lost request never arrives, and is noticed when the virtual clock says so', () =>
  onVirtualTime({ loseRequest: 1, timeoutMs: 10 * 60_000 }, (backend, memory) =>
    Effect.gen(function* () {
      const pushing = yield* Effect.forkChild(Effect.flip(backend.push(batch())))
      yield* TestClock.adjust(10 * 60_000 - 1)
      expect(pushing.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust(1)
      const { operation, reason } = yield* Fiber.join(pushing)
      expect(operation).toBe('push')
      expect(reason).toMatchObject({ _tag: 'TimedOut', afterMs: 10 * 60_000 })
      expect(memory.calls.push).toBe(0)
    }),
  ))

test('a lost answer is stored; a late request is stored after its client has given up', () =>
  onVirtualTime({ loseAnswer: 1, lateRequest: 0 }, (backend, memory) =>
    Effect.gen(function* () {
      const pushing = yield* Effect.forkChild(Effect.flip(backend.push(batch())))
      yield* TestClock.adjust(3_000)
      expect((yield* Fiber.join(pushing)).isRetryable).toBe(true)
      expect(memory.log('s').length).toBe(3)
    }),
  ).then(() =>
    onVirtualTime({ lateRequest: 1 }, (backend, memory) =>
      Effect.gen(function* () {
        const pushing = yield* Effect.forkChild(Effect.flip(backend.push(batch())))
        yield* TestClock.adjust(3_000)
        yield* Fiber.join(pushing)
        expect(memory.log('s').length).toBe(0)
        yield* TestClock.adjust(1_000)
        expect(memory.log('s').length).toBe(3)
      }),
    ),
  ))

test('held pages arrive late and in order; a cut stream ends Unreachable between two pages', () =>
  onVirtualTime({ holdPage: 1 }, (backend, memory) =>
    Effect.gen(function* () {
      const events = eventsAfter(root, 9)
      yield* backend.push(batch(events))
      const pull = backend.pull({ backendId: null, after: root, cursor: null, isLive: false })
      const pulling = yield* Effect.forkChild(Stream.runCollect(pull))
      yield* TestClock.adjust(1)
      expect(pulling.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust(5_000)
      const pages = yield* Fiber.join(pulling)
      expect(pages.flatMap((page) => page.events.map(positionOf))).toEqual(events.map(positionOf))
      expect(memory.calls.page).toBe(5)
    }),
  ).then(() =>
    onVirtualTime({ cutStream: 1 }, (backend) =>
      Effect.gen(function* () {
        const pull = backend.pull({ backendId: null, after: root, cursor: null, isLive: true })
        expect((yield* Effect.flip(Stream.runDrain(pull))).reason._tag).toBe('Unreachable')
      }),
    ),
  ))

test('the same seed gives the same faults, every kind occurs, and every failure is retryable', async () => {
  const faults = Object.fromEntries(backendFaultKinds.map((kind) => [kind, 0.2]))
  const run = async (seed: number) => {
    const memory = memoryBackend({ pageEvents: 1 })
    const faulty = faultyBackend(memory, { seed, faults })
    const outcomes: Array<string> = []
    const note = <A>(effect: Effect.Effect<A, SyncBackendError>) =>
      Effect.map(Effect.result(effect), (result) => {
        if (result._tag === 'Failure') expect(result.failure.isRetryable).toBe(true)
        outcomes.push(result._tag === 'Failure' ? result.failure.reason._tag : 'fine')
      })
    await Effect.gen(function* () {
      const backend = yield* faulty.make({ storeId: 's', clientId: 'a' })
      const calling = yield* Effect.forkChild(
        Effect.gen(function* () {
          const events = eventsAfter(root, 5)
          for (let i = 0; i < 50; i += 1) {
            yield* note(backend.ping)
            yield* note(backend.push(batch(events)))
            yield* note(Stream.runDrain(backend.pull({ backendId: null, after: root, cursor: null, isLive: false })))
          }
        }),
      )
      yield* TestClock.adjust(24 * 60 * 60_000)
      yield* Fiber.join(calling)
    }).pipe(Effect.scoped, Effect.provide(TestClock.layer()), Effect.runPromise)
    return { outcomes, counts: faulty.counts }
  }
  const [first, second] = [await run(4711), await run(4711)]
  expect(second).toEqual(first)
  expect(Object.values(first.counts).every((count) => count > 0)).toBe(true)
  const injected = Object.values(first.counts).reduce((sum, count) => sum + count, 0)
  process.stdout.write(`PROOF faulty_backend_calls=${first.outcomes.length} faulty_backend_faults=${injected}\n`)
})

test('a probability that is none is told by name', () => {
  expect(() => faultyBackend(memoryBackend(), { faults: { cutStream: 1.5 } })).toThrow(/cutStream must be in \[0, 1\]/)
  expect(() => faultyBackend(memoryBackend(), { faults: { holdMs: -1 } })).toThrow(/holdMs must be at least 0/)
  expect(() => faultyBackend(memoryBackend()).setFaults({ fail: Number.NaN })).toThrow(RangeError)
})
