import { filesChecksum, openRawLeader } from '../RawLeader.ts'
import type { RebaseStore } from '../RebaseLoop.ts'
import type { TodoArgs } from '../TodoRows.ts'

export const openRawRebase = (directory: string): Promise<RebaseStore> => {
  const leader = openRawLeader(directory)
  let pending: Array<TodoArgs> = []
  return Promise.resolve({
    pend: (events) => {
      leader.commit(events)
      leader.persist(events)
      for (const event of events) pending.push(event)
      return Promise.resolve()
    },
    rebaseOver: (upstream) => {
      const start = performance.now()
      const rows = [...upstream, ...pending]
      leader.rebase.log(pending.length, rows)
      leader.rebase.session(pending.length, rows)
      const shown = performance.now() - start
      leader.rebase.state(pending.length, rows)
      return Promise.resolve({ shown, stored: performance.now() - start })
    },
    settle: () => {
      pending = []
      leader.forgetUndo()
      return Promise.resolve()
    },
    checksum: leader.checksum,
    close: () => {
      leader.close()
      return Promise.resolve(filesChecksum(directory))
    },
  })
}
