/** The second session of the follow workload, in a thread of its own like a second tab: says when its live count has come so far. */
import { parentPort, workerData } from 'node:worker_threads'
import { nodeAdapter } from '@headwater/adapter-node'
import { nowNs } from './FollowLoop.ts'
import { openTodoStore, todos } from './TodoStore.ts'

export type FollowerOrder = { readonly await: number } | { readonly freezeUntil: Int32Array } | 'close'
export type FollowerAnswer = { readonly atNs: number } | { readonly checksum: string } | 'ready'

const say = (answer: FollowerAnswer): void => parentPort?.postMessage(answer)

const { directory } = workerData as { readonly directory: string }
// Nothing else keeps this thread alive while the store opens.
parentPort?.ref()
const { store, checksum } = await openTodoStore(nodeAdapter({ directory }))
let [wanted, seen] = [Infinity, 0]
const tell = (): void => {
  if (seen < wanted) return
  wanted = Infinity
  say({ atNs: nowNs() })
}

store.subscribe(todos.where({ done: false }).count(), (count) => {
  seen = count
  tell()
})

parentPort?.on('message', (order: FollowerOrder) => {
  if (order === 'close') {
    const tables = checksum()
    void store.close().then(() => {
      say({ checksum: tables })
      parentPort?.close()
    })
  } else if ('freezeUntil' in order) {
    Atomics.wait(order.freezeUntil, 0, 0)
  } else {
    wanted = order.await
    tell()
  }
})
say('ready')
