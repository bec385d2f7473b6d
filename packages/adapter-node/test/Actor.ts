/**
 * A thread or a process that holds one session and does what it is told: the entry file of tests' worker threads and
 * child processes. Runs as it is, by type stripping.
 */
import { fork, type ChildProcess, type ForkOptions } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { Store } from '@headwater/core'
import { createStore } from '@headwater/core'
import { nodeAdapter, type NodeAdapterOptions } from '../src/index.ts'
import { schema, todoCreated, todos } from './Todos.ts'

export interface ActorCalls {
  readonly open: {
    readonly ask: NodeAdapterOptions & { readonly storeId: string }
    readonly answer: { readonly term: number }
  }
  /** Commits one event per id and waits until all are persisted. */
  readonly commit: { readonly ask: ReadonlyArray<string>; readonly answer: null }
  /** Commits without waiting. */
  readonly commitOnly: { readonly ask: ReadonlyArray<string>; readonly answer: null }
  /** Commits that many events of that many bytes, without waiting. */
  readonly commitBig: { readonly ask: { readonly count: number; readonly bytes: number }; readonly answer: null }
  /** Waits until everything is persisted. */
  readonly untilPersisted: { readonly ask: null; readonly answer: null }
  /** Waits until the status tells an error; answers its tag and message. */
  readonly untilError: { readonly ask: null; readonly answer: string }
  readonly ids: { readonly ask: null; readonly answer: ReadonlyArray<string> }
  /** Waits until there are that many todos. */
  readonly untilCount: { readonly ask: number; readonly answer: null }
  readonly close: { readonly ask: null; readonly answer: null }
}

interface Ask {
  readonly n: number
  readonly call: keyof ActorCalls
  readonly ask: unknown
}

/** What an error is on the other side. */
export interface ActorFailure {
  readonly tag: string
  readonly message: string
  readonly holderPid: number | undefined
}

interface Answer {
  readonly n: number
  readonly answer?: unknown
  readonly error?: ActorFailure
}

export interface Actor {
  /** **Fails with** an `ActorError`. */
  readonly call: <C extends keyof ActorCalls>(call: C, ask: ActorCalls[C]['ask']) => Promise<ActorCalls[C]['answer']>
  /** SIGKILL, or the end of the thread, in the middle of whatever it does. */
  readonly kill: () => Promise<void>
  /** Resolves with the exit code when it ends by itself. */
  readonly ended: Promise<number | null>
  readonly pid: number | undefined
}

export class ActorError extends Error {
  readonly failure: ActorFailure
  constructor(failure: ActorFailure) {
    super(`${failure.tag}: ${failure.message}`)
    this.failure = failure
  }
}

const actorFile = fileURLToPath(import.meta.url)

const makeActor = (
  post: (ask: Ask) => void,
  listen: (onAnswer: (answer: Answer) => void) => void,
  kill: () => void,
  ended: Promise<number | null>,
  pid?: number,
): Actor => {
  const waiting = new Map<
    number,
    { readonly resolve: (answer: never) => void; readonly reject: (error: Error) => void }
  >()
  let next = 1
  let isEnded = false
  listen(({ n, answer, error }) => {
    const waiter = waiting.get(n)
    waiting.delete(n)
    if (error === undefined) waiter?.resolve(answer as never)
    else waiter?.reject(new ActorError(error))
  })
  void ended.then((code) => {
    isEnded = true
    for (const { reject } of waiting.values()) reject(new Error(`the actor ended with ${code}`))
  })
  return {
    call: (call, ask) =>
      new Promise((resolve, reject) => {
        if (isEnded) return reject(new Error('the actor has ended'))
        const n = next++
        waiting.set(n, { resolve, reject })
        post({ n, call, ask })
      }),
    kill: async () => {
      for (const { reject } of waiting.values()) reject(new Error('killed'))
      waiting.clear()
      kill()
      await ended
    },
    ended,
    pid,
  }
}

export const actorThread = (): Actor => {
  const worker = new Worker(actorFile, { workerData: 'actor' })
  return makeActor(
    (ask) => worker.postMessage(ask),
    (onAnswer) => worker.on('message', onAnswer),
    () => void worker.terminate(),
    new Promise((resolve) => {
      worker.once('error', () => undefined)
      worker.once('exit', resolve)
    }),
  )
}

export const actorProcess = (options: ForkOptions = {}): Actor => {
  const child: ChildProcess = fork(actorFile, ['actor'], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    ...options,
  })
  return makeActor(
    (ask) => child.send(ask),
    (onAnswer) => child.on('message', (answer) => onAnswer(answer as Answer)),
    () => child.kill('SIGKILL'),
    new Promise((resolve) => child.once('exit', resolve)),
    child.pid,
  )
}

// ------------------------------------------------------------------------------------------------- the other side

let store: Store | undefined

const opened = (): Store => {
  if (store === undefined) throw new Error('not open')
  return store
}

const perform: { readonly [C in keyof ActorCalls]: (ask: ActorCalls[C]['ask']) => Promise<ActorCalls[C]['answer']> } = {
  open: async ({ storeId, ...options }) => {
    store = await createStore({ schema, storeId, adapter: nodeAdapter(options), log: () => undefined })
    return { term: store.status.leader.term }
  },
  commit: async (ids) => {
    await Promise.all(ids.map((id) => opened().commit(todoCreated({ id, text: id })).persisted))
    return null
  },
  commitOnly: (ids) => {
    for (const id of ids) opened().commit(todoCreated({ id, text: id }))
    return Promise.resolve(null)
  },
  commitBig: ({ count, bytes }) => {
    for (let i = 0; i < count; i++) opened().commit(todoCreated({ id: `big-${bytes}-${i}`, text: 'x'.repeat(bytes) }))
    return Promise.resolve(null)
  },
  untilPersisted: async () => {
    await opened().until(({ session }) => session.pending === 0)
    return null
  },
  untilError: async () => {
    const { backend } = await opened().until(({ backend: { error } }) => error !== null)
    return `${backend.error?.tag}: ${backend.error?.message}`
  },
  ids: () =>
    Promise.resolve(
      opened()
        .query(todos.orderBy('id'))
        .map(({ id }) => id),
    ),
  untilCount: async (count) => {
    await opened().until(() => opened().query(todos.count()) >= count)
    return null
  },
  close: async () => {
    await opened().close()
    store = undefined
    // Nothing keeps an actor alive but its session and the line to its owner, which this ends.
    parentPort?.unref()
    if (isMainThread) setImmediate(() => process.disconnect())
    return null
  },
}

const answer = async ({ n, call, ask }: Ask): Promise<Answer> => {
  try {
    return { n, answer: await perform[call](ask as never) }
  } catch (error) {
    const { _tag, message, holder } = error as Error & {
      readonly _tag?: string
      readonly holder?: { readonly pid: number }
    }
    return { n, error: { tag: _tag ?? 'Error', message, holderPid: holder?.pid } }
  }
}

if (workerData === 'actor' && parentPort !== null) {
  parentPort.on('message', (ask: Ask) => void answer(ask).then((message) => parentPort?.postMessage(message)))
} else if (process.argv[2] === 'actor') {
  process.on('message', (ask: Ask) => void answer(ask).then((message) => process.send?.(message)))
}
