import { Worker } from 'node:worker_threads'
import type { FollowerAnswer } from './Follower.ts'
import type { FollowerThreadOrder } from './FollowerThread.ts'
import { machineNow } from './MachineClock.ts'
import type { FollowerLine } from './workload/HeadwaterFollow.ts'

/** Starts the second session of a store in `directory` in a thread of its own; resolves when it is ready. */
export const startThreadFollower = async (directory: string): Promise<FollowerLine> => {
  const follower = new Worker(new URL('FollowerThread.ts', import.meta.url), { workerData: { directory } })
  const answered = (): Promise<FollowerAnswer> =>
    new Promise((resolve, reject) => {
      follower.once('message', resolve)
      follower.once('error', reject)
      follower.once('exit', () => reject(new Error('the follower has ended')))
    })
  const post = (order: FollowerThreadOrder): void => follower.postMessage(order)
  await answered()
  return {
    now: machineNow,
    freeze: () => {
      const freezeUntil = new Int32Array(new SharedArrayBuffer(4))
      post({ freezeUntil })
      return () => {
        Atomics.store(freezeUntil, 0, 1)
        Atomics.notify(freezeUntil, 0)
      }
    },
    order: (order) => {
      const answer = answered()
      post(order)
      return answer
    },
  }
}
