import path from 'node:path'
import Database from 'better-sqlite3'
import { sleep } from './Pause.ts'
import type { StateWatch } from './workload/HeadwaterRebase.ts'

/** The state database of a store in `folder` that is open, read from outside. */
export const watchStateFile = (folder: string): StateWatch => {
  const database = new Database(path.join(folder, 'state-v1.db'), { readonly: true })
  const head = database.prepare<[], number>('SELECT seqNumGlobal FROM __headwater_state_head').pluck()
  return {
    reached: async (global) => {
      while ((head.get() ?? 0) < global) await sleep(1)
    },
    close: () => database.close(),
  }
}
