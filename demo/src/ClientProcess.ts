/**
 * Both ends of a client in a process of its own: the demo asks, the client answers, by messages over Node's IPC.
 *
 * | demo → client          | client → demo                              |
 * | ---------------------- | ------------------------------------------ |
 * | `{ n, command, ask }`  | `{ n, answer }` or `{ n, error }`          |
 * |                        | `{ news }`, whenever the client has some   |
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a kind of client can be asked, with the answer's type, and what it tells by itself. */
export interface Contract {
  readonly commands: Readonly<Record<string, { readonly ask: unknown; readonly answer: unknown }>>
  readonly news: unknown
}

type Command<C extends Contract> = keyof C['commands'] & string

interface Question {
  readonly n: number
  readonly command: string
  readonly ask: unknown
}

type Message = { readonly n: number; readonly answer?: unknown; readonly error?: string } | { readonly news: unknown }

/** The process ended although nobody asked it to. */
export class ClientDied extends Error {
  override readonly name = 'ClientDied'
}

const running = new Set<ChildProcess>()
// Whatever ends the demo, its clients do not outlive it.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export class ClientProcess<C extends Contract> {
  readonly name: string
  readonly #child: ChildProcess
  readonly #answers = new Map<
    number,
    { readonly resolve: (answer: unknown) => void; readonly reject: (error: Error) => void }
  >()
  #next = 1
  #told = ''
  readonly ended: Promise<void>
  onNews: (news: C['news']) => void = () => undefined

  /** `program` = the client's own main file. */
  constructor(program: URL, name: string) {
    this.name = name
    this.#child = fork(fileURLToPath(program), {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: ['--no-warnings'],
    })
    running.add(this.#child)
    const tell = (piece: Buffer): void => void (this.#told = (this.#told + piece.toString()).slice(-20_000))
    this.#child.stdout?.on('data', tell)
    this.#child.stderr?.on('data', tell)
    this.#child.on('message', (message: Message) => this.#receive(message))
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        running.delete(this.#child)
        const died = new ClientDied(
          `${name} ended (${signal ?? `exit code ${code}`})${this.#told === '' ? '' : `:\n${this.#told.trim()}`}`,
        )
        for (const { reject } of this.#answers.values()) reject(died)
        this.#answers.clear()
        resolve()
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** What the client has written to its standard output and error: warnings, mostly none. */
  get told(): string {
    return this.#told.trim()
  }

  /** **Fails with** what the client's handler threw, as text; `ClientDied`. */
  ask<K extends Command<C>>(command: K, ask: C['commands'][K]['ask']): Promise<C['commands'][K]['answer']> {
    const n = this.#next++
    return new Promise<C['commands'][K]['answer']>((resolve, reject) => {
      this.#answers.set(n, { resolve, reject })
      const question: Question = { n, command, ask }
      this.#child.send(question, (error) => {
        if (error !== null) reject(new ClientDied(`${this.name}: ${error.message}`))
      })
    })
  }

  /** Resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  #receive(message: Message): void {
    if ('news' in message) return this.onNews(message.news)
    const waiting = this.#answers.get(message.n)
    this.#answers.delete(message.n)
    if (message.error === undefined) waiting?.resolve(message.answer)
    else waiting?.reject(new Error(`${this.name}: ${message.error}`))
  }
}

export type Handlers<C extends Contract> = {
  readonly [K in Command<C>]: (ask: C['commands'][K]['ask']) => Promise<C['commands'][K]['answer']>
}

/** The client's end. The process ends with the demo, and after `close` has been answered. */
export const serve = <C extends Contract>(makeHandlers: (tell: (news: C['news']) => void) => Handlers<C>): void => {
  const send = (message: Message, onSent?: () => void): void =>
    void process.send?.(message, undefined, undefined, onSent)
  const handlers: Handlers<Contract> = makeHandlers((news) => send({ news }))
  process.on('disconnect', () => process.exit())
  process.on('message', ({ n, command, ask }: Question) => {
    const handle = handlers[command]
    const answered = handle === undefined ? Promise.reject(new Error(`unknown command ${command}`)) : handle(ask)
    answered.then(
      (answer) => send({ n, answer }, command === 'close' ? () => process.disconnect() : undefined),
      (error: unknown) =>
        send({ n, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }),
    )
  })
}
