import type { Adapter } from '@headwater/core'
import { openTodoStore, todos } from './TodoStore.ts'

/** What the second session of the follow workload is told to do; it answers each once it is done. */
export type FollowerOrder =
  /** Its live count comes so far. */
  { readonly await: number } | 'close'

export type FollowerAnswer =
  | 'ready'
  /** When its live count had come so far. **Units** ms. */
  | { readonly atMs: number }
  /** Of its tables; it has closed. */
  | { readonly checksum: string }

/** Opens the second session, and says `ready`. Answers where orders go. */
export const openFollower = async (
  adapter: Adapter,
  now: () => number,
  say: (answer: FollowerAnswer) => void,
): Promise<(order: FollowerOrder) => void> => {
  const { store, checksum } = await openTodoStore(adapter)
  let [wanted, seen] = [Infinity, 0]
  const tell = (): void => {
    if (seen < wanted) return
    wanted = Infinity
    say({ atMs: now() })
  }
  store.subscribe(todos.where({ done: false }).count(), (count) => {
    seen = count
    tell()
  })
  say('ready')
  return (order) => {
    if (order === 'close') {
      const tables = checksum()
      void store.close().then(() => say({ checksum: tables }))
    } else {
      wanted = order.await
      tell()
    }
  }
}
