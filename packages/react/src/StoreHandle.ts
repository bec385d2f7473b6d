import { createContext, use, useContext } from 'react'
import type { Store } from '@headwater/core'
import { StoreProviderMissing } from './ReactError.ts'
import type { StoreSnapshot } from './Snapshot.ts'

/**
 * What a provider hands down: a store that is open, opening or could not be opened, and what to show until it is.
 */
export class StoreHandle {
  /** `undefined` while it opens. */
  store: Store | undefined
  readonly snapshot: StoreSnapshot | undefined
  /** Resolves after `store` is set: whoever was suspended finds it. */
  readonly opened: Promise<Store>
  /** A browser opens it: rendering on a server must not wait. */
  readonly isBrowsers: boolean
  /** Somebody was suspended: React wants whoever called `use` once to call it each time. */
  isAwaited = false
  #failure: { readonly error: unknown } | undefined
  readonly #listeners = new Set<() => void>()

  constructor(
    store: Store | Promise<Store>,
    snapshot: StoreSnapshot | undefined,
    options: { readonly isBrowsers?: boolean } = {},
  ) {
    this.snapshot = snapshot
    this.isBrowsers = options.isBrowsers ?? false
    if (!isPromise(store)) {
      this.store = store
      this.opened = Promise.resolve(store)
      return
    }
    this.opened = store.then(
      (opened) => {
        this.store = opened
        // By this, `use` knows at once: who was rendered from the snapshot is not suspended for a moment.
        void Object.assign(this.opened, { status: 'fulfilled', value: opened })
        this.#tell()
        return opened
      },
      (error: unknown) => {
        this.#failure = { error }
        this.#tell()
        throw error
      },
    )
    // Told to the error boundary of whoever needs the store.
    this.opened.catch(() => undefined)
  }

  /** The open store, or `undefined`. **Fails with** what opening it failed with. */
  readonly read = (): Store | undefined => {
    if (this.#failure !== undefined) throw this.#failure.error
    return this.store
  }

  /** Attaches to the store once it is open; `onOpened` tells of an opening that was waited for, also of a failed one. */
  attach(attachTo: (store: Store) => () => void, onOpened: () => void): () => void {
    if (this.store !== undefined) return attachTo(this.store)
    let leave: (() => void) | undefined
    const listener = (): void => {
      this.#listeners.delete(listener)
      if (this.store !== undefined) leave = attachTo(this.store)
      onOpened()
    }
    this.#listeners.add(listener)
    // It may have failed between rendering and mounting.
    if (this.#failure !== undefined) listener()
    return () => {
      this.#listeners.delete(listener)
      leave?.()
    }
  }

  #tell(): void {
    for (const listener of Array.from(this.#listeners)) listener()
  }
}

/** Not `instanceof`: promises of other realms and libraries are welcome. */
const isPromise = (store: Store | Promise<Store>): store is Promise<Store> =>
  typeof (store as Partial<Promise<Store>>).then === 'function'

export const StoreContext = createContext<StoreHandle | null>(null)

/** The handle of the nearest provider. **Fails with** `StoreProviderMissing`. */
export const useStoreHandle = (hook: string): StoreHandle => {
  const handle = useContext(StoreContext)
  if (handle === null) throw new StoreProviderMissing({ hook })
  return handle
}

/** The open store. Suspended until it is, if it `isNeeded`; else `undefined` before. */
export const useOpened = (handle: StoreHandle, isNeeded: boolean): Store | undefined => {
  const { store, isAwaited } = handle
  if (!isNeeded && (!isAwaited || store === undefined)) return store
  handle.isAwaited = true
  return use(handle.opened)
}
