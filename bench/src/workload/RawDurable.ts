import type { DurableStore } from '../DurableLoop.ts'
import { filesChecksum, openRawLeader } from '../RawLeader.ts'
import type { TodoArgs } from '../TodoRows.ts'

/** The leader groups up to as many events into one transaction. */
const groupMax = 1_000

export const openRawDurable = (directory: string): Promise<DurableStore> => {
  const leader = openRawLeader(directory)
  let waiting: Array<TodoArgs> = []
  const flush = (): void => {
    if (waiting.length > 0) leader.persist(waiting)
    waiting = []
  }
  return Promise.resolve({
    commit: (events) => {
      leader.commit(events)
      for (const event of events) waiting.push(event)
      if (waiting.length >= groupMax) flush()
      return Promise.resolve()
    },
    flush: () => Promise.resolve(flush()),
    checksum: leader.checksum,
    close: () => {
      leader.close()
      return Promise.resolve(filesChecksum(directory))
    },
  })
}
