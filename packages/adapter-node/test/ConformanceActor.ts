/** Threads and processes for the conformance suites: the entry file of both, and how tests start and end them. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parentPort, threadId, Worker, workerData } from 'node:worker_threads'
import { type LockTaker, serveLock, serveSessions, type SuitePort } from '@headwater/testkit'
import { nodeAdapter, type NodeAdapterOptions } from '../src/index.ts'
import { StoreLocked } from '../src/NodeAdapterError.ts'
import { makeStoreFiles } from '../src/StoreFiles.ts'
import { currentHolder, takeStoreLock } from '../src/StoreLock.ts'

type Role = 'sessions' | 'lock'

/** A thread or a process that serves sessions or locks. */
export interface ConformanceActor {
  readonly port: SuitePort
  /** Ends it in the middle of what it does. */
  readonly kill: () => Promise<void>
}

const actorFile = fileURLToPath(import.meta.url)

/** Resolves once it runs: a thread must not be ended before it has loaded better-sqlite3. */
export const actorThread = async (role: Role): Promise<ConformanceActor> => {
  const worker = new Worker(actorFile, { workerData: { conformance: role } })
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  await new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return {
    port: {
      post: (message) => worker.postMessage(message),
      listen: (take) => worker.on('message', take),
    },
    kill: async () => {
      void worker.terminate()
      await ended
    },
  }
}

export const actorProcess = async (role: Role): Promise<ConformanceActor> => {
  const child = fork(actorFile, [`conformance-${role}`], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('error', reject)
  })
  return {
    port: {
      post: (message) => void (child.connected && child.send(message as object)),
      listen: (take) => child.on('message', take),
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Takes the locks of stores in `directory` for this thread. */
export const lockTaker = (directory: string): LockTaker => ({
  name: `${process.pid}.${threadId}`,
  tryTake: (storeId) => {
    try {
      const lock = takeStoreLock(makeStoreFiles(directory, storeId))
      return Promise.resolve(() => Promise.resolve(lock.release()))
    } catch (error) {
      return error instanceof StoreLocked ? Promise.resolve(null) : Promise.reject(error as Error)
    }
  },
  holder: (storeId) => {
    const holder = currentHolder(makeStoreFiles(directory, storeId))
    return Promise.resolve(holder === null ? null : `${holder.pid}.${holder.threadId}`)
  },
})

// ------------------------------------------------------------------------------------------------- the other side

const serve = (role: Role, port: SuitePort): void => {
  if (role === 'sessions') serveSessions(port, (options) => nodeAdapter(options as NodeAdapterOptions))
  else serveLock(port, (directory) => lockTaker(directory as string))
  port.post('running')
}

const here = workerData as { readonly conformance?: Role } | null
if (here?.conformance !== undefined && parentPort !== null) {
  const port = parentPort
  serve(here.conformance, {
    post: (message) => port.postMessage(message),
    listen: (take) => port.on('message', take),
  })
} else if (process.argv[2]?.startsWith('conformance-') === true) {
  serve(process.argv[2].replace('conformance-', '') as Role, {
    post: (message) => process.send?.(message),
    listen: (take) => process.on('message', take),
  })
}
