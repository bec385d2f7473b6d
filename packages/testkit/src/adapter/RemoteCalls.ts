/**
 * Questions and answers between a suite and its helpers in other threads, processes and tabs. Whatever carries messages
 * in order will do: a `MessagePort`, the IPC channel of a child process, a browser driver.
 */
import { fail } from '../Assert.ts'

/** One end of a line. Messages are plain data (JSON and byte arrays). */
export interface SuitePort {
  readonly post: (message: unknown) => void
  readonly listen: (onMessage: (message: unknown) => void) => void
}

interface Ask {
  readonly n: number
  readonly call: string
  readonly ask: unknown
}

interface Answer {
  readonly n: number
  readonly answer?: unknown
  readonly error?: { readonly tag: string; readonly message: string }
}

/** An error that was thrown at the other end. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError'
  readonly _tag: string
  constructor(tag: string, message: string) {
    super(message)
    this._tag = tag
  }
}

/** Tag of an error as an app tells it apart: its `_tag`, else its name. */
export const tagOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return typeof error
  if ('_tag' in error && typeof error._tag === 'string') return error._tag
  return error instanceof Error ? error.name : 'unknown'
}

/** Answers what comes over `port` by the method of that name. */
export const serveCalls = (
  port: SuitePort,
  methods: Readonly<Record<string, (ask: never) => Promise<unknown>>>,
): void => {
  const answer = async ({ n, call, ask }: Ask): Promise<Answer> => {
    try {
      const method = methods[call] ?? fail(`nobody answers "${call}"`)
      return { n, answer: await method(ask as never) }
    } catch (error) {
      return { n, error: { tag: tagOf(error), message: error instanceof Error ? error.message : String(error) } }
    }
  }
  port.listen((message) => void answer(message as Ask).then((reply) => port.post(reply)))
}

export interface RemoteCalls {
  /** **Fails with** a {@link RemoteError}. */
  readonly call: (name: string, ask: unknown) => Promise<unknown>
  /** The other end is gone: nothing that waits will be answered. */
  readonly end: () => void
}

/** The asking end of {@link serveCalls}. */
export const remoteCalls = (port: SuitePort): RemoteCalls => {
  const waiting = new Map<number, (answer: Answer) => void>()
  const gone = { tag: 'RemoteGone', message: 'the other end is gone' }
  let next = 1
  let isGone = false
  port.listen((message) => {
    const answer = message as Answer
    waiting.get(answer.n)?.(answer)
    waiting.delete(answer.n)
  })
  return {
    call: (call, ask) =>
      new Promise((resolve, reject) => {
        const take = ({ answer, error }: Answer): void =>
          error === undefined ? resolve(answer) : reject(new RemoteError(error.tag, error.message))
        const n = next++
        if (isGone) return take({ n, error: gone })
        waiting.set(n, take)
        port.post({ n, call, ask } satisfies Ask)
      }),
    end: () => {
      isGone = true
      for (const [n, take] of waiting) take({ n, error: gone })
      waiting.clear()
    },
  }
}
