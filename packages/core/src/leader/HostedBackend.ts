/**
 * The backend port as seen from a leader in another thread than the app: every call runs in the host session, which has
 * the app's real backend (with its token callback and whatever else cannot be cloned). A pull has one page under way;
 * the next one is asked for at once while few wait here, otherwise when they were taken: a slow leader never makes the
 * host buffer, and takes what has arrived meanwhile together.
 *
 * One session runs all calls for as long as it is there. When it leaves, running calls fail with `Unreachable` and the
 * leader's loops try again with the next one.
 */
import * as Effect from 'effect/Effect'
import * as Queue from 'effect/Queue'
import * as Schema from 'effect/Schema'
import * as Stream from 'effect/Stream'
import type { BackendCall, BackendResult } from '../channel/LeaderMessage.ts'
import type { ConnectionState, PullPage, SyncBackend } from '../backend/SyncBackend.ts'
import { SyncBackendError, Unreachable } from '../backend/SyncBackendError.ts'

type Operation = 'ping' | 'push' | 'pull'
type CallBody = BackendCall extends infer C ? (C extends BackendCall ? Omit<C, '_tag' | 'call'> : never) : never

/** Of a pull; at most 4 MiB each. */
const waitingPagesMax = 8

const decodeError = Schema.decodeUnknownSync(SyncBackendError)

/** A session that can run the app's backend. */
export interface BackendRunner {
  readonly send: (call: BackendCall) => void
}

export class HostedBackend {
  readonly #choose: () => BackendRunner | null
  #runner: BackendRunner | null = null
  readonly #running = new Map<number, (result: BackendResult) => void>()
  readonly #connectionListeners = new Set<(state: ConnectionState) => void>()
  #nextCall = 1
  #connection: ConnectionState = 'connecting'

  /** `choose` answers with the session to run calls from now on, or `null` while there is none. */
  constructor(choose: () => BackendRunner | null) {
    this.#choose = choose
  }

  #send(call: BackendCall): boolean {
    this.#runner ??= this.#choose()
    this.#runner?.send(call)
    return this.#runner !== null
  }

  /** A message from the host. */
  receive(result: BackendResult): void {
    if (result.is === 'connection') {
      this.#connection = result.state
      for (const listener of this.#connectionListeners) listener(result.state)
      return
    }
    this.#running.get(result.call)?.(result)
  }

  /** A session has left or starts anew: nothing of what it was doing will be answered. */
  runnerLost(runner: BackendRunner): void {
    if (this.#runner !== runner) return
    this.#runner = null
    const running = [...this.#running.values()]
    this.#running.clear()
    const error = unreachable('push', 'the session that ran the backend has left')
    for (const finish of running) finish({ _tag: 'backend-result', call: 0, is: 'failure', error: encodeError(error) })
  }

  readonly backend: SyncBackend = {
    name: 'hosted',
    ping: Effect.suspend(() =>
      this.#once('ping', { run: 'ping' }, (result) => (result.is === 'info' ? result.info : undefined)),
    ),
    push: (batch) =>
      this.#once('push', { run: 'push', batch }, (result) => (result.is === 'answer' ? result.answer : undefined)),
    pull: (request) => this.#pages({ run: 'pull', request }),
    connection: Stream.callback<ConnectionState>((queue) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const listener = (state: ConnectionState) => void Queue.offerUnsafe(queue, state)
          listener(this.#connection)
          this.#connectionListeners.add(listener)
          return listener
        }),
        (listener) => Effect.sync(() => this.#connectionListeners.delete(listener)),
      ),
    ),
  }

  #once<A>(
    operation: Operation,
    body: CallBody,
    pick: (result: BackendResult) => A | undefined,
  ): Effect.Effect<A, SyncBackendError> {
    return Effect.callback<A, SyncBackendError>((resume) => {
      const call = this.#start(body, (result) => {
        this.#running.delete(call)
        const picked = pick(result)
        resume(picked === undefined ? Effect.fail(errorOf(operation, result)) : Effect.succeed(picked))
      })
      return Effect.sync(() => this.#cancel(call))
    })
  }

  #pages(body: CallBody): Stream.Stream<PullPage, SyncBackendError> {
    return Stream.suspend(() => {
      let call = 0
      let waiting = 0
      const askForNext = (): void => void this.#send({ _tag: 'backend-call', call, run: 'next' })
      const pages = Stream.callback<PullPage, SyncBackendError>((queue) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            call = this.#start(body, (result) => {
              if (result.is === 'page') {
                Queue.offerUnsafe(queue, result.page)
                if (++waiting < waitingPagesMax) askForNext()
                return
              }
              this.#running.delete(call)
              if (result.is === 'end') return void Queue.endUnsafe(queue)
              return void Effect.runSync(Queue.fail(queue, errorOf('pull', result)))
            })
          }),
          () => Effect.sync(() => this.#cancel(call)),
        ),
      )
      return Stream.mapArray(pages, (taken) => {
        const wasFull = waiting >= waitingPagesMax
        waiting -= taken.length
        if (wasFull) askForNext()
        return taken
      })
    })
  }

  #start(body: CallBody, onResult: (result: BackendResult) => void): number {
    const call = this.#nextCall++
    this.#running.set(call, onResult)
    if (!this.#send({ _tag: 'backend-call', call, ...body } as BackendCall)) {
      const error = encodeError(
        unreachable(
          body.run === 'next' || body.run === 'cancel' ? 'pull' : body.run,
          'no session is there to run the backend',
        ),
      )
      queueMicrotaskOf(() => onResult({ _tag: 'backend-result', call, is: 'failure', error }))
    }
    return call
  }

  #cancel(call: number): void {
    if (this.#running.delete(call)) this.#send({ _tag: 'backend-call', call, run: 'cancel' })
  }
}

/** After the caller has its call number. A resolved promise needs no port: it depends on neither clock nor machine. */
const queueMicrotaskOf = (task: () => void): void => void Promise.resolve().then(task)

const unreachable = (operation: Operation, detail: string): SyncBackendError =>
  new SyncBackendError({ operation, reason: new Unreachable({ detail }) })

export const encodeError = Schema.encodeSync(SyncBackendError)

const errorOf = (operation: Operation, result: BackendResult): SyncBackendError => {
  if (result.is !== 'failure') return unreachable(operation, `the host answered with ${result.is}`)
  const error = decodeError(result.error)
  return new SyncBackendError({ operation, reason: error.reason })
}
