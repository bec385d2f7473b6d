/**
 * Leaders of the present thread, and how sessions of any thread of this process reach them: a session makes a
 * MessageChannel and posts one end to the thread that `lock.db` names.
 */
import { type MessagePort, threadId } from 'node:worker_threads'
import { type Environment, Leader, type LeaderMessage, type SessionMessage } from '@headwater/core/adapter'
import { type Durability, fileLeaderStorage } from './FileLeaderStorage.ts'
import type { StoreFiles } from './StoreFiles.ts'
import { takeStoreLock } from './StoreLock.ts'

/** Posted to a leader's thread. */
export interface ConnectRequest {
  readonly headwater: 'connect'
  readonly folder: string
  readonly port: MessagePort
}

const isConnectRequest = (value: unknown): value is ConnectRequest =>
  typeof value === 'object' && value !== null && 'headwater' in value && value.headwater === 'connect'

export interface ThreadLeader {
  readonly accept: (port: MessagePort) => void
  /** Resolves when the last session has left and the files are closed. */
  readonly ended: Promise<void>
}

const leaderByFolder = new Map<string, ThreadLeader>()

/** A leader in this very thread. */
export const leaderHere = (folder: string): ThreadLeader | undefined => leaderByFolder.get(folder)

let isListening = false

const listenOnce = (): void => {
  if (isListening) return
  isListening = true
  process.on('workerMessage', (message: unknown) => {
    if (!isConnectRequest(message)) return
    const leader = leaderByFolder.get(message.folder)
    if (leader === undefined) message.port.close()
    else leader.accept(message.port)
  })
}

export interface LeadOptions {
  readonly files: StoreFiles
  readonly durability: Durability
  readonly environment: Environment
}

/** Takes the lock and leads the store from this thread. **Fails with** `StoreLocked`, `FormatUnsupported`, `SqliteError`. */
export const lead = ({ files, durability, environment }: LeadOptions): ThreadLeader => {
  const lock = takeStoreLock(files)
  let end: () => void = () => undefined
  const ended = new Promise<void>((resolve) => (end = resolve))
  const close = async (): Promise<void> => {
    if (leaderByFolder.get(files.folder) !== threadLeader) return
    leaderByFolder.delete(files.folder)
    await leader.close()
    lock.release()
    end()
  }
  let leader: Leader
  try {
    leader = new Leader({ environment, storage: fileLeaderStorage(files, durability), onEnd: () => void close() })
  } catch (error) {
    lock.release()
    throw error
  }
  const threadLeader: ThreadLeader = { ended, accept: (port) => accept(leader, port) }
  leaderByFolder.set(files.folder, threadLeader)
  listenOnce()
  return threadLeader
}

/** What the session's side is told when its end is gone on purpose. */
export interface Farewell {
  readonly headwater: 'farewell'
}

const accept = (leader: Leader, port: MessagePort): void => {
  const connection = leader.connect((message: LeaderMessage, transfer) => {
    port.postMessage(message, (transfer ?? []) as ReadonlyArray<ArrayBuffer>)
  })
  port.on('message', (message: SessionMessage) => connection.receive(message))
  port.on('close', () => connection.disconnect())
}

export const thisThread = threadId
