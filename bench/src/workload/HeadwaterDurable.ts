import path from 'node:path'
import { nodeAdapter } from '@headwater/adapter-node'
import type { OpenDurableStore } from '../DurableLoop.ts'
import { filesChecksum } from '../RawLeader.ts'
import { openTodoStore, todoCreated } from '../TodoStore.ts'

export const openHeadwaterDurable: OpenDurableStore = async (directory) => {
  const { store, checksum } = await openTodoStore(nodeAdapter({ directory }))
  return {
    commit: (events) => store.commit(...events.map((args) => todoCreated(args))).persisted,
    flush: () => Promise.resolve(),
    checksum,
    close: async () => {
      await store.close()
      return filesChecksum(path.join(directory, 'bench'))
    },
  }
}
