import type { OpenLoopStore } from '../CommitLoop.ts'
import { openRawTodos } from '../RawTodos.ts'

export const openRaw =
  (capture: boolean): OpenLoopStore =>
  () => {
    const { commit, checksum, close } = openRawTodos({ capture })
    return Promise.resolve({
      commit,
      checksum,
      settle: () => Promise.resolve(),
      close: () => Promise.resolve(close()),
    })
  }
