import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { nodeAdapter } from '@headwater/adapter-node'
import { type OpenFollowStores } from '../FollowLoop.ts'
import type { FollowerAnswer, FollowerOrder } from '../FollowerThread.ts'
import { filesChecksum } from '../RawLeader.ts'
import { openTodoStore, todoCreated } from '../TodoStore.ts'

export const openHeadwaterFollow: OpenFollowStores = async (directory) => {
  const { store, checksum } = await openTodoStore(nodeAdapter({ directory }))
  const follower = new Worker(new URL('../FollowerThread.ts', import.meta.url), { workerData: { directory } })
  const answered = (): Promise<FollowerAnswer> =>
    new Promise((resolve, reject) => {
      follower.once('message', resolve)
      follower.once('error', reject)
      follower.once('exit', () => reject(new Error('the follower has ended')))
    })
  const order = (what: FollowerOrder): Promise<FollowerAnswer> => {
    const answer = answered()
    follower.postMessage(what)
    return answer
  }
  await answered()
  return {
    commit: (events) => void store.commit(...events.map((args) => todoCreated(args))),
    followed: async (count) => {
      const answer = await order({ await: count })
      return typeof answer === 'object' && 'atNs' in answer ? answer.atNs : NaN
    },
    persisted: async () => {
      await store.until(({ session }) => session.pending === 0)
    },
    freeze: () => {
      const freezeUntil = new Int32Array(new SharedArrayBuffer(4))
      follower.postMessage({ freezeUntil } satisfies FollowerOrder)
      return () => {
        Atomics.store(freezeUntil, 0, 1)
        Atomics.notify(freezeUntil, 0)
      }
    },
    close: async () => {
      const answer = await order('close')
      const followers = typeof answer === 'object' && 'checksum' in answer ? answer.checksum : ''
      const ours = checksum()
      await store.close()
      return `${ours}-${followers}-${filesChecksum(path.join(directory, 'bench'))}`
    },
  }
}
