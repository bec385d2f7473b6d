/** The second session of the follow workload, in a thread of its own like a second tab. */
import { parentPort, workerData } from 'node:worker_threads'
import { nodeAdapter } from '@headwater/adapter-node'
import { type FollowerOrder, openFollower } from './Follower.ts'
import { machineNow } from './MachineClock.ts'

export type FollowerThreadOrder = FollowerOrder | { readonly freezeUntil: Int32Array }

const { directory } = workerData as { readonly directory: string }
// Nothing else keeps this thread alive while the store opens.
parentPort?.ref()
const take = await openFollower(nodeAdapter({ directory }), machineNow, (answer) => {
  parentPort?.postMessage(answer)
  if (typeof answer === 'object' && 'checksum' in answer) parentPort?.close()
})

parentPort?.on('message', (order: FollowerThreadOrder) => {
  if (typeof order === 'object' && 'freezeUntil' in order) Atomics.wait(order.freezeUntil, 0, 0)
  else take(order)
})
