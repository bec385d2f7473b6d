import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { nodeAdapter } from '@headwater/adapter-node'
import { heldBackend } from '../HeldBackend.ts'
import { filesChecksum } from '../RawLeader.ts'
import type { OpenRebaseStore } from '../RebaseLoop.ts'
import { openStateFile } from '../StateFile.ts'
import { openTodoStore, todoCreated, todos } from '../TodoStore.ts'

export const openHeadwaterRebase: OpenRebaseStore = async (directory) => {
  const backend = heldBackend()
  const { store, checksum } = await openTodoStore(nodeAdapter({ directory }), backend.provider)
  await store.until(({ isSynced }) => isSynced)
  const folder = path.join(directory, 'bench')
  const state = openStateFile(folder)
  let [wanted, reached] = [-1, (): void => undefined]
  store.subscribe(todos.where({ done: false }).count(), (count) => {
    if (count === wanted) reached()
  })
  let total = 0
  return {
    pend: (events) => {
      total += events.length
      return store.commit(...events.map((args) => todoCreated(args))).persisted
    },
    rebaseOver: async (upstream) => {
      total += upstream.length
      const start = performance.now()
      const isShown = new Promise<void>((resolve) => ([wanted, reached] = [total, resolve]))
      backend.deliver(upstream)
      await isShown
      const shown = performance.now() - start
      while (state.position() < total) await sleep(1)
      return { shown, stored: performance.now() - start }
    },
    settle: async () => {
      backend.release()
      await store.until(({ isSynced }) => isSynced)
      backend.hold()
    },
    checksum,
    close: async () => {
      state.close()
      await store.close()
      return filesChecksum(folder)
    },
  }
}
