import type { LeaderRequests, LeaderRequestTag, Response } from '../channel/LeaderMessage.ts'
import type { LeaderClient } from '../channel/LeaderClient.ts'
import { RequestFailed, StoreClosed } from './SessionError.ts'

interface Question {
  readonly request: LeaderRequestTag
  readonly ask: LeaderRequests[LeaderRequestTag]['ask']
  readonly resolve: (answer: never) => void
  readonly reject: (error: Error) => void
}

/** Questions to the leader. They survive a change of leader: what is unanswered is asked again. */
export class LeaderQuestions {
  readonly #client: LeaderClient
  readonly #open = new Map<number, Question>()
  #next = 1
  #isConnected = false
  #isClosed = false

  constructor(client: LeaderClient) {
    this.#client = client
  }

  /** **Fails with**  `RequestFailed` with the leader's reason; `StoreClosed`; the signal's reason. */
  ask<T extends LeaderRequestTag>(
    request: T,
    ask: LeaderRequests[T]['ask'],
    signal?: AbortSignal,
  ): Promise<LeaderRequests[T]['answer']> {
    if (this.#isClosed) return Promise.reject(new StoreClosed({ operation: request }))
    return new Promise((resolve, reject) => {
      const n = this.#next++
      const onAbort = (): void => {
        this.#open.delete(n)
        reject(signal?.reason as Error)
      }
      if (signal?.aborted === true) return onAbort()
      signal?.addEventListener('abort', onAbort, { once: true })
      const settled = (): void => signal?.removeEventListener('abort', onAbort)
      this.#open.set(n, {
        request,
        ask,
        resolve: (answer) => {
          settled()
          resolve(answer)
        },
        reject: (error) => {
          settled()
          reject(error)
        },
      })
      if (this.#isConnected) this.#send(n)
    })
  }

  #send(n: number): void {
    const question = this.#open.get(n)
    if (question !== undefined) this.#client.send({ _tag: 'request', n, request: question.request, ask: question.ask })
  }

  /** A leader has taken this session in. */
  connected(): void {
    this.#isConnected = true
    for (const n of this.#open.keys()) this.#send(n)
  }

  disconnected(): void {
    this.#isConnected = false
  }

  receive({ n, answer, error }: Response): void {
    const question = this.#open.get(n)
    if (question === undefined) return
    this.#open.delete(n)
    if (error === undefined) question.resolve(answer as never)
    else question.reject(new RequestFailed({ request: question.request, reason: error.tag, detail: error.message }))
  }

  close(): void {
    this.#isClosed = true
    for (const { request, reject } of this.#open.values()) reject(new StoreClosed({ operation: request }))
    this.#open.clear()
  }
}
