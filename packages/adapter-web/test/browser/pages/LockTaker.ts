import type { LockTaker } from '@headwater/testkit'
import { storeName } from '../../../src/LeaderWire.ts'
import { lockHolder, ownClientId, takeLock } from '../../../src/StoreLock.ts'

/** Takes the locks of stores for this page. */
export const lockTaker = async (): Promise<LockTaker> => {
  const name = (storeId: string): string => storeName('locks', storeId)
  return {
    name: await ownClientId(),
    tryTake: async (storeId) => (await takeLock(name(storeId), { ifAvailable: true }))?.release ?? null,
    holder: (storeId) => lockHolder(name(storeId)),
  }
}
