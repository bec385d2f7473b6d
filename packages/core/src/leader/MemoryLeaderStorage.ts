import type { SqliteConnection } from '../sqlite/SqliteConnection.ts'
import type { LeaderStorage } from './LeaderStorage.ts'

/** A leader's databases in memory, in whatever SQLite `open` opens; they go with the leader. */
export const memoryLeaderStorage = (open: (image?: Uint8Array) => SqliteConnection): LeaderStorage => ({
  openEventlog: () => open(),
  openState: () => open(),
  replaceState: (image) => (image === null ? open() : open(image)),
  keepExport: () => 'memory',
  setAsideEventlog: () => ({ eventlog: open(), corrupt: undefined, keptAs: 'memory', done: () => undefined }),
  status: { current: () => ({ kind: 'memory', warnings: [] }), onChange: () => undefined },
})
