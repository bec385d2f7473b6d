import type { OpenDurableStore } from '../DurableLoop.ts'
import type { StorePlace } from '../StorePlace.ts'
import { openTodoStore, todoCreated } from '../TodoStore.ts'

export const openHeadwaterDurable =
  ({ adapter, storedChecksum }: StorePlace): OpenDurableStore =>
  async () => {
    const { store, checksum } = await openTodoStore(adapter)
    return {
      commit: (events) => store.commit(...events.map((args) => todoCreated(args))).persisted,
      flush: () => Promise.resolve(),
      checksum,
      close: async () => {
        await store.close()
        return storedChecksum()
      },
    }
  }
