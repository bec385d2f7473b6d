/**
 * Leaders of the present thread, and how sessions of any thread of this process reach them: a session makes a
 * MessageChannel and posts one end to the thread that `lock.db` names.
 */
import { statSync } from 'node:fs'
import { type MessagePort, threadId } from 'node:worker_threads'
import {
  type Environment,
  Leader,
  type LeaderMessage,
  type SessionMessage,
  type LogEntry,
} from '@headwater/core/adapter'
import { type Durability, fileLeaderStorage } from './FileLeaderStorage.ts'
import type { FromLeader, ToLeader } from './LeaderLine.ts'
import { fromPosted, isMessageText, type MessageText, toPosted } from './MessageText.ts'
import type { StoreFiles } from './StoreFiles.ts'
import { takeStoreLock } from './StoreLock.ts'

export const thisThread = threadId

/** Posted to a leader's thread. */
export interface ConnectRequest {
  readonly headwater: 'connect'
  readonly folder: string
  readonly port: MessagePort
}

const isConnectRequest = (value: unknown): value is ConnectRequest =>
  typeof value === 'object' && value !== null && 'headwater' in value && value.headwater === 'connect'

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
export const lead = (options: LeadOptions): ThreadLeader => {
  const leader = new ThreadLeader(options)
  leaderByFolder.set(options.files.folder, leader)
  listenOnce()
  return leader
}

/** Log entries kept until there is a session to tell. */
const entriesMax = 100

/** How long a leader waits for its first session; the one that started it takes milliseconds. */
const firstSessionMs = 10_000

/** A leader with the ports of its sessions. */
export class ThreadLeader {
  /** Resolves when the last session has left (or the leader gave up) and the files are closed. */
  readonly ended: Promise<void>
  readonly #leader: Leader
  readonly #files: StoreFiles
  readonly #release: () => void
  readonly #ports = new Set<MessagePort>()
  readonly #eventlogFile: number
  readonly #entries: Array<LogEntry> = []
  #end: () => void = () => undefined
  #isEnding = false

  constructor({ files, durability, environment }: LeadOptions) {
    this.#files = files
    this.ended = new Promise<void>((resolve) => (this.#end = resolve))
    const lock = takeStoreLock(files)
    this.#release = () => lock.release()
    try {
      this.#leader = new Leader({
        environment: { ...environment, log: (entry) => this.#log(entry) },
        storage: fileLeaderStorage(files, durability),
        onEnd: () => void this.#close(null),
      })
      this.#eventlogFile = statSync(files.eventlog).ino
    } catch (error) {
      lock.release()
      throw error
    }
    // Whoever asked for it may have given up before it led: then nobody would ever end it.
    setTimeout(() => this.endIfUnused(), firstSessionMs).unref()
  }

  /** Gives the store up if no session is connected. */
  endIfUnused(): void {
    if (this.#ports.size === 0) void this.#close('no session came')
  }

  /** Serves a session over this port. */
  accept(port: MessagePort): void {
    if (this.#isEnding) return port.close()
    this.#ports.add(port)
    post(port, { headwater: 'accepted' })
    for (const entry of this.#entries.splice(0)) post(port, { headwater: 'log', entry })
    const connection = this.#leader.connect((message: LeaderMessage, transfer) => {
      port.postMessage(toPosted(message), (transfer ?? []) as ReadonlyArray<ArrayBuffer>)
    })
    port.on('message', (message: ToLeader | MessageText) => {
      if (isMessageText(message)) return connection.receive(fromPosted(message) as SessionMessage)
      if (!('headwater' in message)) return connection.receive(message)
      if (message.headwater === 'ping') return this.#pong(port)
      connection.disconnect()
      // The goodbye is taken in a task that is queued already; afterwards it is known whether anybody is left.
      setImmediate(() => void this.#sayLeft(port))
    })
    port.on('close', () => {
      this.#ports.delete(port)
      connection.disconnect()
    })
  }

  async #sayLeft(port: MessagePort): Promise<void> {
    if (this.#isEnding) await this.ended
    this.#ports.delete(port)
    post(port, { headwater: 'left', hasEnded: this.#isEnding })
    // A leader that has ended closes what is left of its ports by itself; this one is closed by the session.
  }

  #pong(port: MessagePort): void {
    post(port, { headwater: 'pong' })
    // Writes to a deleted file go nowhere, without an error: whoever leads next starts with what is there.
    if (inode(this.#files.eventlog) !== this.#eventlogFile) {
      void this.#close(`${this.#files.eventlog} was deleted or replaced while the store was open`)
    }
  }

  /** `reason`: why it gives up although sessions are connected. */
  async #close(reason: string | null): Promise<void> {
    if (this.#isEnding) return
    this.#isEnding = true
    try {
      await this.#leader.close()
    } finally {
      leaderByFolder.delete(this.#files.folder)
      this.#release()
      for (const port of this.#ports) {
        post(port, { headwater: 'ending', reason: reason ?? 'another leader has taken over' })
        port.close()
      }
      this.#end()
    }
  }

  #log(entry: LogEntry): void {
    const [port] = this.#ports
    if (port !== undefined) post(port, { headwater: 'log', entry })
    else if (this.#entries.length < entriesMax) this.#entries.push(entry)
  }
}

const post = (port: MessagePort, message: FromLeader): void => port.postMessage(message)

const inode = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino
