/** Who waits for appends, by store. */
export interface StoreListeners {
  /** Tells everybody who waits for this store. */
  readonly call: (storeId: string) => void
  /** The answer ends it. */
  readonly subscribe: (storeId: string, listener: () => void) => () => void
  readonly has: (storeId: string) => boolean
  /** Stores that somebody waits for. */
  readonly storeIds: () => ReadonlyArray<string>
}

export const makeStoreListeners = (): StoreListeners => {
  const byStore = new Map<string, Set<() => void>>()
  return {
    call: (storeId) => byStore.get(storeId)?.forEach((listener) => listener()),
    subscribe: (storeId, listener) => {
      const listeners = byStore.get(storeId) ?? new Set()
      byStore.set(storeId, listeners.add(listener))
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0 && byStore.get(storeId) === listeners) byStore.delete(storeId)
      }
    },
    has: (storeId) => byStore.has(storeId),
    storeIds: () => [...byStore.keys()],
  }
}
