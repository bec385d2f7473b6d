/** The leader's worker: takes the lock, opens the files, leads, and hands over when it is told to or its tab goes. */
import { systemEnvironment } from '@headwater/core/adapter'
import { loadWasmSqlite } from '@headwater/sqlite-wasm'
import { LeaderLease, takeOverMs } from './LeaderLease.ts'
import { LeaderLines } from './LeaderLines.ts'
import { messageLinePort, relayLinePort } from './LinePort.ts'
import { type FromWorker, type StoreCall, type StorePlace, storeName, type ToWorker } from './LeaderWire.ts'
import { type HeldLock, lockHolder, ownClientId, takeLock } from './StoreLock.ts'
import type { OpenFiles, WebFiles } from './WebLeader.ts'

/** What a dedicated worker's global scope has. */
export interface WorkerScope {
  readonly postMessage: (message: FromWorker) => void
  readonly addEventListener: (type: 'message', take: (event: MessageEvent<ToWorker>) => void) => void
  readonly close: () => void
}

/**
 * How long to wait for the lock of a worker that was ended, or whose tab is gone. The browser takes 50 ms for that, but
 * 2 s for a worker in an endless loop: then the lock is stolen, and the files are those of a leader that hangs. **Units** ms.
 */
const lockWaitMs = 400

/** How long a leader waits for its first session; the one that started it takes milliseconds. **Units** ms. */
const firstSessionMs = 10_000

/** Messages under way are lost with the thread; after this they are not. **Units** ms. */
const lastWordsMs = 100

/** Answers the page that has started this worker: its whole life is one lead, or one job. */
export const serveLeader = (files: WebFiles, scope: WorkerScope = globalThis as unknown as WorkerScope): void => {
  let lead: LeaderScope | undefined
  scope.addEventListener('message', ({ data }) => {
    if (data.is === 'prepare') prepare()
    else if (data.is === 'lead') lead = new LeaderScope(files, scope, data)
    else if (data.is === 'import')
      void runJob(scope, data, () => files.importLog(data.storeId, data.directory, data.bytes))
    else if (data.is === 'wipe') void runJob(scope, data, () => files.wipe(data.storeId, data.directory))
    else lead?.take(data)
  })
}

const runJob = async (
  scope: WorkerScope,
  { directory, storeId }: StorePlace,
  job: () => Promise<void>,
): Promise<void> => {
  try {
    const lock = await takeLock(storeName(directory, storeId), { ifAvailable: true })
    if (lock === null) return scope.postMessage({ is: 'locked' })
    try {
      await job()
    } finally {
      await lock.release()
    }
    scope.postMessage({ is: 'done' })
  } catch (error) {
    scope.postMessage(failureOf(error))
  }
}

/** What can be done before there is a lock. What fails now fails again when it is needed. */
const prepare = (): void => {
  loadWasmSqlite().catch(() => undefined)
  ownClientId().catch(() => undefined)
}

type LeadMessage = Extract<ToWorker, { readonly is: 'lead' }>
type LaterMessage = Exclude<ToWorker, { readonly is: 'prepare' | 'lead' | 'import' | 'wipe' }>

class LeaderScope {
  readonly #scope: WorkerScope
  readonly #lead: LeadMessage
  readonly #store: string
  readonly #channel: BroadcastChannel
  /** What came before it led. */
  #early: Array<LaterMessage> | null = []
  #lock: HeldLock | null = null
  #lease: LeaderLease | null = null
  #files: OpenFiles | null = null
  #lines: LeaderLines | null = null
  #isEnding = false

  constructor(files: WebFiles, scope: WorkerScope, lead: LeadMessage) {
    this.#scope = scope
    this.#lead = lead
    this.#store = storeName(lead.directory, lead.storeId)
    this.#channel = new BroadcastChannel(this.#store)
    void this.#start(files)
  }

  take(message: LaterMessage): void {
    if (this.#early !== null) return void this.#early.push(message)
    if (this.#isEnding) return
    const lines = this.#lines!
    if (message.is === 'connect') lines.accept(messageLinePort(message.port), message.connection)
    else if (message.is === 'end-if-unused') lines.endIfUnused()
    else this.#listenToBroker(message.port)
  }

  async #start(files: WebFiles): Promise<void> {
    try {
      const freed = await this.#freedLock()
      const lock = freed ?? (await takeLock(this.#store, { steal: true }))!
      this.#lock = lock
      const clientId = await ownClientId()
      const lease = new LeaderLease({
        look: async () => (await lockHolder(this.#store)) === clientId,
        now: () => performance.now(),
        onLost: () => this.#abandon('its lock was taken by another tab'),
      })
      this.#lease = lease
      void lock.stolen.then(() => lease.lose())
      this.#scope.postMessage({ is: 'opening' })
      const { storeId, directory } = this.#lead
      const mayWrite = (): boolean => lease.mayWrite()
      this.#files = await files.open({ storeId, directory, isTakeOver: freed === null, takeOverMs, mayWrite })
      if (this.#isEnding) return this.#files.close()
      // A copy may have taken long.
      await new Promise<void>((resolve) => lease.run(resolve))
      this.#lines = new LeaderLines({
        storage: this.#files.storage,
        environment: systemEnvironment(),
        lease,
        onEnd: () => this.#resign('another leader has taken over'),
      })
    } catch (error) {
      await this.#giveUp(error)
      return
    }
    this.#announce()
  }

  /** `null`: it has to be stolen. */
  async #freedLock(): Promise<HeldLock | null> {
    if (this.#lead.isTakeOver) return null
    return await takeLock(this.#store, { signal: AbortSignal.timeout(lockWaitMs) })
  }

  #announce(): void {
    const { leader, protocol } = this.#lead
    const leading: StoreCall = { is: 'leading', leader, protocol }
    const say = (): void => this.#lease!.run(() => this.#channel.postMessage(leading))
    this.#channel.addEventListener('message', ({ data }: MessageEvent<StoreCall>) => {
      if (data.is === 'who') say()
      if (data.is === 'join' && data.leader === leader)
        this.#lines!.accept(relayLinePort(data.connection, 'leader'), data.connection)
    })
    say()
    this.#scope.postMessage({ is: 'leading' })
    const early = this.#early ?? []
    this.#early = null
    for (const message of early) this.take(message)
    // Whoever asked for it may have given up before it led: then nobody would ever end it.
    setTimeout(() => this.#lines?.endIfUnused(), firstSessionMs)
  }

  #listenToBroker(port: MessagePort): void {
    port.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
      if (data.is === 'connect') this.take(data)
    })
    port.start()
  }

  /** The lock may have been lost meanwhile: then nothing is written any more, and `onLost` ends it. */
  #resign(reason: string): void {
    this.#lease!.run(() => void this.#end(reason))
  }

  async #end(reason: string): Promise<void> {
    if (this.#isEnding) return
    this.#isEnding = true
    try {
      await this.#lines!.close()
    } finally {
      this.#files?.close()
      await this.#lock?.release()
      this.#goodbye(reason)
    }
  }

  /** The lock is somebody else's: nothing is written, whatever has arrived. */
  #abandon(reason: string): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#files?.close()
    this.#goodbye(reason)
  }

  #goodbye(reason: string): void {
    this.#lines?.hangUp(reason)
    this.#channel.postMessage({ is: 'over', leader: this.#lead.leader } satisfies StoreCall)
    this.#channel.close()
    this.#scope.postMessage({ is: 'ended' })
    // Its page ends it now; one that hangs does not.
    setTimeout(() => this.#scope.close(), lastWordsMs)
  }

  async #giveUp(error: unknown): Promise<void> {
    this.#isEnding = true
    this.#channel.close()
    this.#files?.close()
    await this.#lock?.release()
    this.#scope.postMessage(failureOf(error))
  }
}

/** Plain data: an error of a class that the page does not know cannot be cloned as what it is. */
const failureOf = (error: unknown): FromWorker => {
  const { _tag: tag = 'Defect', ...fields } = { ...(error as Record<string, unknown>) } as { readonly _tag?: string }
  return {
    is: 'failed',
    tag,
    message: error instanceof Error ? error.message : String(error),
    fields: JSON.parse(JSON.stringify(fields)) as Record<string, unknown>,
  }
}
