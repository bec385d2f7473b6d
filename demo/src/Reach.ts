import { createStore, type Store, type StoreOptions, type StoreStatus } from '@headwater/core'

/** Longer than anything in the demo takes; after this it would be over its 50 seconds anyway. **Units** ms. */
const reachMs = 40_000

const overdue = (store: Store, what: string, cause?: unknown): Error =>
  new Error(`not ${what} after ${reachMs / 1_000} s: ${JSON.stringify(store.status)}`, { cause })

/** Waits until `isReached`. **Fails with** an `Error` that says where the store stands instead. */
export const reach = async (
  store: Store,
  what: string,
  isReached: (status: StoreStatus) => boolean,
): Promise<StoreStatus> => {
  try {
    return await store.until(isReached, AbortSignal.timeout(reachMs))
  } catch (error) {
    throw overdue(store, what, error)
  }
}

/** Waits for `promise`. **Fails with** its error, or an `Error` that says where the store stands. */
export const inTime = async <A>(store: Store, what: string, promise: Promise<A>): Promise<A> => {
  const overtime = Promise.withResolvers<never>()
  const timer = setTimeout(() => overtime.reject(overdue(store, what)), reachMs)
  try {
    return await Promise.race([promise, overtime.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** `createStore`. **Fails with** its errors, or an `Error` that says how far it has come. */
export const openInTime = async (options: StoreOptions): Promise<Store> => {
  const signal = AbortSignal.timeout(reachMs)
  let status: StoreStatus | undefined
  try {
    return await createStore({ ...options, signal, onStatus: (now) => (status = now) })
  } catch (error) {
    if (!signal.aborted) throw error
    throw new Error(`not open after ${reachMs / 1_000} s: ${JSON.stringify(status)}`, { cause: error })
  }
}
