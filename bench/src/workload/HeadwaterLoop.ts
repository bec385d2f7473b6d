import type { Adapter } from '@headwater/core'
import type { OpenLoopStore } from '../CommitLoop.ts'
import { openTodoStore, todoCreated } from '../TodoStore.ts'

export const openHeadwater =
  (adapter: () => Adapter): OpenLoopStore =>
  async () => {
    const { store, checksum } = await openTodoStore(adapter())
    return {
      commit: (events) => void store.commit(...events.map((args) => todoCreated(args))),
      settle: async () => {
        await store.until(({ session }) => session.pending === 0)
      },
      checksum,
      close: () => store.close(),
    }
  }
