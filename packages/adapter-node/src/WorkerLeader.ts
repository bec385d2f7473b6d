/** Leaders in worker threads that this thread has started: one per folder, whichever of its sessions asked first. */
import { Worker } from 'node:worker_threads'
import { FormatUnsupported, SqliteError } from '@headwater/core/adapter'
import type { Durability } from './FileLeaderStorage.ts'
import type { LeaderWorkerAnswer, LeaderWorkerData } from './LeaderWorker.ts'
import { LeaderNotStarted } from './NodeAdapterError.ts'
import type { StoreFiles } from './StoreFiles.ts'

const workerUrlDefault = new URL(
  import.meta.url.endsWith('.ts') ? './LeaderWorker.ts' : './LeaderWorker.js',
  import.meta.url,
)

const workerByFolder = new Map<string, Worker>()
const startByFolder = new Map<string, Promise<Worker | null>>()

export interface StartOptions {
  readonly files: StoreFiles
  readonly durability: Durability
  /** Default: the entry beside this module. */
  readonly workerUrl: URL | string | undefined
  readonly signal: AbortSignal | undefined
}

/** The worker that leads this folder, if this thread has started it. */
export const workerHere = (folder: string): Worker | undefined => workerByFolder.get(folder)

/**
 * Starts a worker that leads; `null` if somebody else does. Sessions of this thread that ask at the same time share one.
 *
 * **Fails with** `LeaderNotStarted`, `FormatUnsupported`, `SqliteError`, the signal's reason.
 */
export const startWorkerLeader = (options: StartOptions): Promise<Worker | null> => {
  const { folder } = options.files
  const running = startByFolder.get(folder)
  if (running !== undefined) return running
  const start = startWorker(options).finally(() => startByFolder.delete(folder))
  startByFolder.set(folder, start)
  return start
}

const startWorker = async ({ files, durability, workerUrl, signal }: StartOptions): Promise<Worker | null> => {
  const { folder } = files
  const data: LeaderWorkerData = { files, durability }
  const worker = new Worker(entryOf(workerUrl), { workerData: data, name: `headwater ${folder}` })
  const answer = await workerAnswer(folder, worker, signal)
  if (answer.is === 'failed') throw revive(folder, answer)
  // A worker that does not lead ends by itself.
  if (answer.is === 'locked') return null
  workerByFolder.set(folder, worker)
  worker.once('exit', () => {
    // One that took over when this one had lost its lock may have its place by now.
    if (workerByFolder.get(folder) === worker) workerByFolder.delete(folder)
  })
  return worker
}

/** A worker takes a `file:` URL only as an object. */
const entryOf = (workerUrl: URL | string | undefined): URL | string =>
  typeof workerUrl === 'string' && workerUrl.startsWith('file:') ? new URL(workerUrl) : (workerUrl ?? workerUrlDefault)

/** Ends a worker that does not answer, whatever it is doing; its files and lock are free afterwards. */
export const endWorkerLeader = async (worker: Worker): Promise<void> => {
  await worker.terminate()
}

/** Resolves when the thread is gone. */
export const workerEnd = (worker: Worker): Promise<void> =>
  new Promise((resolve) => {
    if (worker.threadId === -1) resolve()
    else worker.once('exit', () => resolve())
  })

/**
 * **Fails with** `LeaderNotStarted`, the signal's reason. Nobody waits then for a worker that is still starting; it is
 * asked to end and does so as soon as it has started: ending a thread while it loads or leaves the native addon takes
 * the whole process along now and then (seen as SIGSEGV, Node 24.21).
 */
const workerAnswer = (folder: string, worker: Worker, signal: AbortSignal | undefined): Promise<LeaderWorkerAnswer> =>
  new Promise((resolve, reject) => {
    const failed = (detail: string): void => reject(new LeaderNotStarted({ folder, detail }))
    const stop = (): void => {
      worker.postMessage('stop')
      reject(signal?.reason as Error)
    }
    if (signal?.aborted === true) stop()
    signal?.addEventListener('abort', stop, { once: true })
    worker.once('message', (answer: LeaderWorkerAnswer) => {
      signal?.removeEventListener('abort', stop)
      resolve(answer)
    })
    // Stays: a worker that throws later ends, and its sessions see their ports close.
    worker.on('error', (error) => failed(String(error)))
    worker.once('exit', (code) => failed(`its thread ended with code ${code}`))
  })

/** The worker's error as the type it had there. */
const revive = (
  folder: string,
  { tag, message, fields }: Extract<LeaderWorkerAnswer, { readonly is: 'failed' }>,
): Error => {
  if (tag === 'FormatUnsupported')
    return new FormatUnsupported(fields as ConstructorParameters<typeof FormatUnsupported>[0])
  if (tag === 'SqliteError') return new SqliteError(fields as ConstructorParameters<typeof SqliteError>[0])
  return new LeaderNotStarted({ folder, detail: message })
}
