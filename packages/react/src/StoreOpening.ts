import type { Store } from '@headwater/core'
import type { StoreSnapshot } from './Snapshot.ts'
import { StoreHandle } from './StoreHandle.ts'

/** Opens a store. The signal ends it when the provider is gone before the store is open. */
export type OpenStore = (signal: AbortSignal) => Promise<Store>

/**
 * A store that a provider opens when it is mounted and closes when it is gone for good.
 *
 * StrictMode mounts, unmounts and mounts in one task: a release counts only if nobody holds it when the task ends.
 */
export class StoreOpening {
  readonly handle: StoreHandle
  /** Resolves when the store is closed again. */
  readonly closed: Promise<void>
  readonly #open: OpenStore
  readonly #before: Promise<void>
  readonly #aborter = new AbortController()
  #start!: (store: Promise<Store>) => void
  #end!: () => void
  #isStarted = false
  #isHeld = false
  isReleased = false

  /** `before`: the end of an opening that this one follows, so that one is closed before the next is opened. */
  constructor(open: OpenStore, snapshot: StoreSnapshot | undefined, before: Promise<void> = Promise.resolve()) {
    this.#open = open
    this.#before = before
    this.closed = new Promise((resolve) => (this.#end = resolve))
    const store = new Promise<Store>((resolve) => (this.#start = resolve))
    this.handle = new StoreHandle(store, snapshot, { isBrowsers: true })
  }

  hold(): void {
    this.#isHeld = true
    if (this.#isStarted) return
    this.#isStarted = true
    const { signal } = this.#aborter
    this.#start(
      this.#before.then(() => {
        signal.throwIfAborted()
        return this.#open(signal)
      }),
    )
  }

  release(): void {
    this.#isHeld = false
    queueMicrotask(() => {
      if (!this.#isHeld && !this.isReleased) void this.#close()
    })
  }

  async #close(): Promise<void> {
    this.isReleased = true
    this.#aborter.abort(new DOMException('the StoreProvider was unmounted', 'AbortError'))
    try {
      const store = await this.handle.opened.catch(() => undefined)
      await store?.close()
    } finally {
      this.#end()
    }
  }
}
