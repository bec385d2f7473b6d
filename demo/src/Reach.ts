import type { Store, StoreStatus } from '@headwater/core'

/** Longer than anything in the demo takes; after this it would be over its 50 seconds anyway. */
const reachMs = 40_000

/** Waits until `isReached`. **Fails with** an `Error` that says where the store stands instead. */
export const reach = async (
  store: Store,
  what: string,
  isReached: (status: StoreStatus) => boolean,
): Promise<StoreStatus> => {
  try {
    return await store.until(isReached, AbortSignal.timeout(reachMs))
  } catch (error) {
    throw new Error(`not ${what} after ${reachMs / 1_000} s: ${JSON.stringify(store.status)}`, { cause: error })
  }
}
