import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openBetterSqlite } from '@headwater/adapter-node'
import { killChild, startChild } from './ChildProcesses.ts'
import type { HistoryServerOptions } from './ClientMessage.ts'
import type { LoggedEntries } from './History.ts'
import { type Entry, storeId } from './Workload.ts'

/** The server of a round through all its lives, and its log as the file has it. */
export class ServerProcess {
  readonly #data: string
  readonly #script: string
  readonly #reportProblem: (detail: string) => void
  #child: ChildProcess | null = null
  #port = 0

  constructor(options: {
    readonly data: string
    readonly script: string
    readonly reportProblem: (detail: string) => void
  }) {
    this.#data = options.data
    this.#script = options.script
    this.#reportProblem = options.reportProblem
    mkdirSync(this.#data, { recursive: true })
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Resolves when it listens, always on the same port. */
  async start(): Promise<void> {
    const options: HistoryServerOptions = { data: this.#data, port: this.#port }
    const child = startChild(this.#script, options, (text) => this.#reportProblem(`the server wrote: ${text}`))
    this.#child = child
    child.once('exit', (code, signal) => {
      if (this.#child === child) this.#reportProblem(`the server ended by itself with ${signal ?? code}`)
    })
    this.#port = await new Promise<number>((resolve, reject) => {
      child.once('message', (told) => resolve((told as { readonly port: number }).port))
      child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it listened`)))
    })
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === null) return
    this.#child = null
    await killChild(child)
  }

  /** What its file has, whether it runs or not. */
  log(): ReadonlyArray<LoggedEntries> {
    const file = join(this.#data, 'log-v1.sqlite3')
    if (!existsSync(file)) return []
    const database = openBetterSqlite({ path: file, readonly: true })
    try {
      return database
        .prepare('SELECT json FROM event JOIN store ON key = storeKey WHERE storeId = ? ORDER BY global')
        .all([storeId])
        .map(([json]) => {
          const { global, id, argsJson } = JSON.parse(String(json)) as Record<string, string> & { global: number }
          const { entries } = JSON.parse(argsJson ?? '') as { readonly entries: ReadonlyArray<Entry> }
          return { global, id: id ?? '', entries }
        })
    } finally {
      database.close()
    }
  }
}
