import path from 'node:path'
import Database from 'better-sqlite3'

/** The state database of a store that is open, read from outside. */
export interface StateFile {
  /** `global` of the last event whose rows are in it. */
  readonly position: () => number
  readonly close: () => void
}

export const openStateFile = (folder: string): StateFile => {
  const database = new Database(path.join(folder, 'state-v1.db'), { readonly: true })
  const head = database.prepare<[], number>('SELECT seqNumGlobal FROM __headwater_state_head').pluck()
  return { position: () => head.get() ?? 0, close: () => database.close() }
}
