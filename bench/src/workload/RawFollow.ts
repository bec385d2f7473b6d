import type { FollowStores } from '../FollowLoop.ts'
import { machineNow } from '../MachineClock.ts'
import { filesChecksum, openRawLeader } from '../RawLeader.ts'
import { openRawTodos } from '../RawTodos.ts'
import type { TodoArgs } from '../TodoRows.ts'

/** The leader groups up to as many events into one transaction. */
const groupMax = 1_000

/** The statements of both sessions and of the leader one after the other in one thread. */
export const openRawFollow = (directory: string): Promise<FollowStores> => {
  const leader = openRawLeader(directory)
  const follower = openRawTodos({ capture: true })
  let waiting: Array<TodoArgs> = []
  let isFrozen = false
  const behind: Array<ReadonlyArray<TodoArgs>> = []
  const flush = (): void => {
    leader.persist(waiting)
    behind.push(waiting)
    waiting = []
    if (!isFrozen) follow()
  }
  const follow = (): void => {
    for (const events of behind.splice(0)) follower.commit(events)
  }
  let count = 0
  let [wanted, reached] = [Infinity, (_atMs: number): void => undefined]
  return Promise.resolve({
    now: machineNow,
    persisted: () => Promise.resolve(flush()),
    freeze: () => {
      isFrozen = true
      return () => {
        isFrozen = false
        follow()
        reached(machineNow())
      }
    },
    commit: (events) => {
      leader.commit(events)
      count += events.length
      for (const event of events) waiting.push(event)
      if (waiting.length >= groupMax || count >= wanted) flush()
      if (count >= wanted) reached(machineNow())
    },
    followed: (total) => new Promise<number>((resolve) => ([wanted, reached] = [total, resolve])),
    close: () => {
      const [ours, followers] = [leader.checksum(), follower.checksum()]
      follower.close()
      leader.close()
      return Promise.resolve(`${ours}-${followers}-${filesChecksum(directory)}`)
    },
  })
}
