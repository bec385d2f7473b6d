/** The worker thread that leads one store: composition only. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemEnvironment } from '@headwater/core/adapter'
import type { Durability } from './FileLeaderStorage.ts'
import { lead } from './LeaderThread.ts'
import { StoreLocked } from './NodeAdapterError.ts'
import type { StoreFiles } from './StoreFiles.ts'

/** What the worker is started with. */
export interface LeaderWorkerData {
  readonly files: StoreFiles
  readonly durability: Durability
}

/** The worker's one message: it leads, somebody else does, or it could not. */
export type LeaderWorkerAnswer =
  | { readonly is: 'leading' }
  | { readonly is: 'locked' }
  | {
      readonly is: 'failed'
      readonly tag: string
      readonly message: string
      readonly fields: Readonly<Record<string, unknown>>
    }

const answer = (message: LeaderWorkerAnswer): void => parentPort?.postMessage(message)

const describe = (error: unknown): LeaderWorkerAnswer => {
  const { _tag: tag = 'Defect', ...fields } = { ...(error as Record<string, unknown>) } as { readonly _tag?: string }
  return { is: 'failed', tag, message: error instanceof Error ? error.message : String(error), fields }
}

try {
  const { files, durability } = workerData as LeaderWorkerData
  const leader = lead({ files, durability, environment: systemEnvironment() })
  // Between the answer and the first session's port nothing else keeps this thread alive.
  const keepAlive = setInterval(() => undefined, 2 ** 30)
  answer({ is: 'leading' })
  // Whoever asked for this leader has given up; the message may have waited since before it led.
  parentPort?.once('message', () => leader.endIfUnused())
  parentPort?.unref()
  void leader.ended.then(() => clearInterval(keepAlive))
} catch (error) {
  answer(error instanceof StoreLocked ? { is: 'locked' } : describe(error))
}
