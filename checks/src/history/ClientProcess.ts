import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStoreFiles } from '@headwater/adapter-node'
import type { StoreStatus } from '@headwater/core'
import type { FaultProxy } from '@headwater/testkit/node'
import { killChild, startChild } from './ChildProcesses.ts'
import type { FromClient, HistoryClientOptions, ToClient } from './ClientMessage.ts'
import type { ClientSample, Operation } from './History.ts'
import { type Entry, type Lists, storeId } from './Workload.ts'

export interface ClientProcessOptions {
  readonly client: number
  readonly directory: string
  readonly proxy: FaultProxy
  readonly seed: number
  readonly rate: number
  readonly bundled: (name: string) => string
  readonly workerUrl: string
  /** Every operation as it is heard. */
  readonly hear: (operation: Operation) => void
  readonly reportProblem: (detail: string) => void
}

/** One client of a round through all its lives, as the checker sees it: a process that may be killed, and its files. */
export class ClientProcess {
  readonly client: number
  readonly directory: string
  readonly proxy: FaultProxy
  readonly #options: ClientProcessOptions
  #child: ChildProcess | null = null
  #life = 0
  #isQuiet = false
  #isOffline = false
  #opened = Promise.withResolvers<void>()
  status: StoreStatus | null = null
  /** When `status` was heard. **Units** ms of `performance.now()`. */
  statusAt = 0
  finished: { readonly lists: Lists; readonly quarantined: number } | null = null
  onStatus: () => void = () => undefined

  constructor(options: ClientProcessOptions) {
    this.#options = options
    this.client = options.client
    this.directory = options.directory
    this.proxy = options.proxy
    mkdirSync(this.directory, { recursive: true })
  }

  get isRunning(): boolean {
    return this.#child !== null
  }

  /** Resolves when this life's store is open; never if it is killed before. */
  get opened(): Promise<void> {
    return this.#opened.promise
  }

  start(): void {
    const { client, directory, proxy, seed, rate, bundled, workerUrl, reportProblem } = this.#options
    const life = this.#life++
    this.#opened = Promise.withResolvers()
    const options: HistoryClientOptions = {
      client,
      life,
      directory,
      url: proxy.url,
      seed: seed * 1_000 + client * 100 + life,
      rate,
      workerUrl,
      isQuiet: this.#isQuiet,
      isOffline: this.#isOffline,
    }
    const name = `client ${client}, life ${life}`
    const child = startChild(bundled('HistoryClient'), options, (text) => reportProblem(`${name} wrote: ${text}`))
    this.#child = child
    child.on('message', (message) => this.#hear(message as FromClient, life))
    child.once('exit', (code, signal) => {
      if (this.#child !== child) return
      this.#child = null
      if (this.finished === null || code !== 0) reportProblem(`${name} ended by itself with ${signal ?? code}`)
    })
  }

  #hear(message: FromClient, life: number): void {
    const { client, hear, reportProblem } = this.#options
    switch (message.is) {
      case 'problem':
        return reportProblem(`client ${client}, life ${life}: ${message.detail}`)
      case 'status':
        this.status = message.status
        this.statusAt = performance.now()
        return this.onStatus()
      case 'finished':
        this.finished = message
        return
      case 'opened':
        this.#opened.resolve()
        return hear({ client, life, is: 'opened' })
      case 'committing':
      case 'committed':
      case 'persisted':
      case 'confirmed':
      case 'rejected':
      case 'read':
        return hear({ client, life, ...message })
    }
  }

  tell(is: ToClient['is']): void {
    if (is === 'quiet') this.#isQuiet = true
    if (is === 'offline' || is === 'online') this.#isOffline = is === 'offline'
    const message: ToClient = { is }
    // It may be ending at this moment.
    this.#child?.send(message, () => undefined)
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  /** SIGKILL; resolves when nothing of the process is left. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === null) return
    this.#child = null
    this.status = null
    await killChild(child)
  }

  /** Resolves when the process has ended by itself, or after `limitMs`; then it is killed. */
  async finish(limitMs: number): Promise<void> {
    const child = this.#child
    if (child === null) return
    const ended = new Promise<boolean>((resolve) => {
      child.once('exit', () => resolve(true))
      setTimeout(() => resolve(false), limitMs).unref()
    })
    this.tell('finish')
    if (await ended) return
    this.#options.reportProblem(`client ${this.client} did not end within ${limitMs} ms of being told to`)
    await this.kill()
  }

  /** What its files have; only while no process has them open. */
  sample(step: number): ClientSample | null {
    if (!existsSync(join(this.directory, storeId, 'state-v1.db'))) return null
    const files = openStoreFiles({ directory: this.directory, storeId })
    try {
      const valuesOf = (sql: string): ReadonlyArray<string> =>
        files.eventlog
          .prepare(sql)
          .all()
          .flatMap(([argsJson]) => valuesIn(String(argsJson)))
      return {
        client: this.client,
        step,
        logged: valuesOf('SELECT argsJson FROM eventlog ORDER BY seqNumGlobal, seqNumClient'),
        dead: valuesOf('SELECT argsJson FROM __headwater_rejected'),
      }
    } finally {
      files.close()
    }
  }

  /** The end of its log, for people. */
  get logTail(): string {
    const file = join(this.directory, 'log.txt')
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').slice(-12).join('\n') : ''
  }
}

const valuesIn = (argsJson: string): ReadonlyArray<string> =>
  (JSON.parse(argsJson) as { readonly entries: ReadonlyArray<Entry> }).entries.map(({ value }) => value)
