import type { EventInput, Receipt, Store, StoreNotice } from '@headwater/core'
import { useCallback, useEffect, useInsertionEffect, useRef, useSyncExternalStore } from 'react'
import { NotOnServer, StoreOpening } from './ReactError.ts'
import { useOpened, useStoreHandle } from './StoreHandle.ts'

/**
 * The store; suspended while it opens.
 *
 * **Fails with**  `StoreProviderMissing`, `NotOnServer`, what opening the store failed with.
 */
export const useStore = (): Store => {
  const handle = useStoreHandle('useStore')
  const subscribe = useCallback((listener: () => void) => handle.attach(() => () => undefined, listener), [handle])
  const store = useSyncExternalStore(subscribe, handle.read, handle.read)
  if (store === undefined && handle.isBrowsers && typeof document === 'undefined')
    throw new NotOnServer({ missing: 'useStore' })
  return useOpened(handle, store === undefined) ?? store!
}

/** `store.commit` as a function: throws as that does, and `StoreOpening` before the store is open. */
export type Commit = (...events: ReadonlyArray<EventInput>) => Receipt

/**
 * Commits to the store; the same function in every render. Never suspended: events are committed by handlers and
 * effects, not while rendering.
 *
 * **Fails with**  `StoreProviderMissing`.
 *
 * **Example**
 * ```tsx
 * const commit = useCommit()
 * return <button onClick={() => commit(todoDone({ id }))}>done</button>
 * ```
 */
export const useCommit = (): Commit => {
  const handle = useStoreHandle('useCommit')
  return useCallback(
    (...events) => {
      const store = handle.read()
      if (store === undefined) throw new StoreOpening({ operation: 'commit' })
      return store.commit(...events)
    },
    [handle],
  )
}

/** Calls `onNotice`, always the latest, for each notice of the store while the component is mounted: for toasts. */
export const useStoreNotice = (onNotice: (notice: StoreNotice) => void): void => {
  const handle = useStoreHandle('useStoreNotice')
  const latest = useRef(onNotice)
  useInsertionEffect(() => {
    latest.current = onNotice
  }, [onNotice])
  useEffect(
    () =>
      handle.attach(
        (store) => store.onNotice((notice) => latest.current(notice)),
        () => undefined,
      ),
    [handle],
  )
}
