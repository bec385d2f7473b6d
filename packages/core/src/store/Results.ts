import { isSameValue } from '../reactive/SameValue.ts'
import type { Listener } from '../reactive/Readable.ts'

/** How answers arrive; what ends them besides their consumer. */
export interface ResultSource<out A> {
  /** **Fails with** what the first answer fails with. */
  readonly subscribe: (listener: Listener<A>, onError: (error: unknown) => void) => () => void
  /** Calls `end` once the store has been closed. */
  readonly onClosed: (end: () => void) => () => void
  readonly signal: AbortSignal | undefined
}

/**
 * Answers as an async iterator with the latest value: `next` gives the present answer if it is not the one given before,
 * or waits for one. A consumer that is slow skips what came in between.
 *
 * It subscribes at the first `next` and ends with `return` (leaving a `for await`), the signal or the store.
 */
export const makeResults = <A>(source: ResultSource<A>): AsyncIterableIterator<A, void, void> => {
  const results = new Results(source)
  return {
    next: () => results.next(),
    return: async () => {
      results.end()
      return await Promise.resolve({ done: true, value: undefined })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

interface Waiter<A> {
  readonly resolve: (result: IteratorResult<A, void>) => void
  readonly reject: (error: unknown) => void
}

class Results<A> {
  readonly #source: ResultSource<A>
  readonly #waiters: Array<Waiter<A>> = []
  #stop: (() => void) | undefined
  #latest: { readonly value: A } | undefined
  #given: { readonly value: A } | undefined
  #failure: { readonly error: unknown } | undefined
  #isEnded = false

  constructor(source: ResultSource<A>) {
    this.#source = source
  }

  async next(): Promise<IteratorResult<A, void>> {
    if (this.#stop === undefined && !this.#isEnded) this.#start()
    return await new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#answer()
    })
  }

  #start(): void {
    const { signal, onClosed, subscribe } = this.#source
    this.#stop = () => undefined
    if (signal?.aborted === true) return this.end()
    const end = (): void => this.end()
    try {
      const unsubscribe = subscribe(
        (value) => this.#hear(value),
        (error) => this.#fail(error),
      )
      const forget = onClosed(end)
      signal?.addEventListener('abort', end, { once: true })
      this.#stop = () => {
        unsubscribe()
        forget()
        signal?.removeEventListener('abort', end)
      }
      // A first answer that failed has ended it already.
      if (this.#isEnded) this.#stop()
    } catch (error) {
      this.#fail(error)
    }
  }

  #hear(value: A): void {
    this.#latest = this.#given !== undefined && isSameValue(this.#given.value, value) ? undefined : { value }
    this.#answer()
  }

  #fail(error: unknown): void {
    this.#failure = { error }
    this.end()
  }

  /** One answer for one waiter: the next one waits for news. */
  #answer(): void {
    if (this.#latest !== undefined && !this.#isEnded) {
      const waiter = this.#waiters.shift()
      if (waiter === undefined) return
      const { value } = (this.#given = this.#latest)
      this.#latest = undefined
      return waiter.resolve({ done: false, value })
    }
    if (!this.#isEnded) return
    for (const waiter of this.#waiters.splice(0)) {
      const failure = this.#failure
      this.#failure = undefined
      if (failure === undefined) waiter.resolve({ done: true, value: undefined })
      else waiter.reject(failure.error)
    }
  }

  end(): void {
    this.#isEnded = true
    this.#stop?.()
    this.#answer()
  }
}
