/**
 * Runs the app's backend for a leader in another thread (`leader/HostedBackend.ts` is its other end). A pull sends one
 * page and waits until there is room for the next.
 */
import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import * as Fiber from 'effect/Fiber'
import * as Latch from 'effect/Latch'
import * as Schema from 'effect/Schema'
import * as Scope from 'effect/Scope'
import * as Stream from 'effect/Stream'
import type { SyncBackend, SyncBackendContext, SyncBackendProvider } from '../backend/SyncBackend.ts'
import { SyncBackendError } from '../backend/SyncBackendError.ts'
import type { Environment } from '../environment/Environment.ts'
import type { BackendCall, BackendResult } from '../channel/LeaderMessage.ts'

const encodeError = Schema.encodeSync(SyncBackendError)

type ResultBody = BackendResult extends infer R ? (R extends BackendResult ? Omit<R, '_tag' | 'call'> : never) : never

interface RunningCall {
  readonly fiber: Fiber.Fiber<unknown, unknown>
  readonly mayGoOn: Latch.Latch
}

export class BackendHost {
  readonly #provider: SyncBackendProvider
  readonly #runFork: Environment['runFork']
  readonly #send: (result: BackendResult) => void
  readonly #scope = Scope.makeUnsafe()
  readonly #calls = new Map<number, RunningCall>()
  #backend: SyncBackend | null = null

  constructor(provider: SyncBackendProvider, runFork: Environment['runFork'], send: (result: BackendResult) => void) {
    this.#provider = provider
    this.#runFork = runFork
    this.#send = send
  }

  receive(call: BackendCall, context: SyncBackendContext): void {
    switch (call.run) {
      case 'next':
        this.#calls.get(call.call)?.mayGoOn.openUnsafe()
        return
      case 'cancel':
        return this.#cancel(call.call)
      case 'ping':
        return this.#run(call.call, context, (backend) =>
          Effect.map(backend.ping, (info) => ({ is: 'info', info }) as const),
        )
      case 'push': {
        const { batch } = call
        return this.#run(call.call, context, (backend) =>
          Effect.map(backend.push(batch), (answer) => ({ is: 'answer', answer }) as const),
        )
      }
      case 'pull': {
        const { request } = call
        return this.#run(call.call, context, (backend, mayGoOn) =>
          backend.pull(request).pipe(
            Stream.runForEach((page) => {
              mayGoOn.closeUnsafe()
              this.#answer(call.call, { is: 'page', page })
              return mayGoOn.await
            }),
            Effect.as({ is: 'end' } as const),
          ),
        )
      }
    }
  }

  /** A new leader asks anew; what ran for the old one is of no use. */
  cancelAll(): void {
    for (const call of this.#calls.keys()) this.#cancel(call)
  }

  async close(): Promise<void> {
    this.cancelAll()
    await Effect.runPromise(Scope.close(this.#scope, Exit.void))
  }

  #run(
    call: number,
    context: SyncBackendContext,
    body: (backend: SyncBackend, mayGoOn: Latch.Latch) => Effect.Effect<ResultBody, SyncBackendError>,
  ): void {
    const mayGoOn = Latch.makeUnsafe(false)
    const effect = Effect.flatMap(this.#made(context), (backend) => body(backend, mayGoOn)).pipe(
      Effect.matchEffect({
        onFailure: (error) => Effect.sync(() => this.#finish(call, { is: 'failure', error: encodeError(error) })),
        onSuccess: (result) => Effect.sync(() => this.#finish(call, result)),
      }),
    )
    this.#calls.set(call, { fiber: this.#runFork(effect), mayGoOn })
  }

  #made(context: SyncBackendContext): Effect.Effect<SyncBackend> {
    if (this.#backend !== null) return Effect.succeed(this.#backend)
    return Effect.map(Scope.provide(this.#provider.make(context), this.#scope), (backend) => {
      if (this.#backend !== null) return this.#backend
      this.#backend = backend
      this.#watchConnection(backend)
      return backend
    })
  }

  #watchConnection(backend: SyncBackend): void {
    const watch = Stream.runForEach(backend.connection, (state) =>
      Effect.sync(() => this.#answer(0, { is: 'connection', state })),
    )
    this.#runFork(Effect.forkIn(watch, this.#scope))
  }

  #finish(call: number, result: ResultBody): void {
    this.#calls.delete(call)
    this.#answer(call, result)
  }

  #answer(call: number, result: ResultBody): void {
    this.#send({ _tag: 'backend-result', call, ...result } as BackendResult)
  }

  #cancel(call: number): void {
    const running = this.#calls.get(call)
    this.#calls.delete(call)
    if (running !== undefined) this.#runFork(Fiber.interrupt(running.fiber))
  }
}
