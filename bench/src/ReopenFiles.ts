import { cpSync } from 'node:fs'
import path from 'node:path'
import { nodeAdapter } from '@headwater/adapter-node'
import Database from 'better-sqlite3'
import { heldBackend } from './HeldBackend.ts'
import { fillCount, fillSize, openListStore, rowCount } from './ListStore.ts'

/**
 * Folders of stores whose every event the backend has confirmed, with the same rows and logs of these lengths. The store
 * makes its files itself; what is in them is written with SQL, as its own events would have left it.
 *
 * **Shape** `lengths`: at least {@link fillCount}, ascending.
 */
export const makeReopenFiles = async (
  folder: string,
  lengths: ReadonlyArray<number>,
): Promise<ReadonlyArray<string>> => {
  const folders = lengths.map((length) => path.join(folder, String(length)))
  const [first = folder, ...others] = folders
  await makeEmptyStore(first)
  fillState(path.join(first, 'bench', 'state-v1.db'))
  growLog(first, 0, fillCount)
  for (const other of others) cpSync(first, other, { recursive: true })
  for (const [i, grown] of folders.entries()) growLog(grown, fillCount, lengths[i]!)
  return folders
}

const makeEmptyStore = async (directory: string): Promise<void> => {
  const store = await openListStore(nodeAdapter({ directory, leader: 'same-thread' }), heldBackend().provider)
  await store.until(({ isSynced }) => isSynced)
  await store.close()
}

/** Ids as they are in `TodoRows.ts` and `HeldBackend.ts`. */
const todoIdSql = (index: string): string => `printf('00000000-0000-4000-8000-%012d', ${index})`
const eventIdSql = (global: string): string => `printf('00000000-0000-4000-9000-%012d', ${global})`

const numbersSql = (first: string, last: string): string =>
  `WITH RECURSIVE numbers (n) AS (SELECT ${first} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${last})`

const fillState = (file: string): void => {
  const state = new Database(file)
  state.pragma('synchronous = OFF')
  state
    .prepare(
      `${numbersSql('0', '?')} INSERT INTO todos (id, text, done) SELECT ${todoIdSql('n')}, 'todo number ' || n, 0 FROM numbers`,
    )
    .run(rowCount - 1)
  state.close()
}

/** Events `from + 1 … to`; both databases stand at the last one, and it is settled. */
const growLog = (directory: string, from: number, to: number): void => {
  const log = new Database(path.join(directory, 'bench', 'eventlog-v1.db'))
  log.pragma('synchronous = OFF')
  if (to > from) {
    log
      .prepare(
        `${numbersSql(':from + 1', ':to')} INSERT INTO eventlog SELECT n, 0, 0, n - 1, 0, ${eventIdSql('n')},
         ${eventIdSql('n')}, iif(n <= ${fillCount}, 'todosFilled', 'todoTouched'), iif(n <= ${fillCount},
           json_object('first', (n - 1) * ${fillSize}, 'count', ${fillSize}),
           json_object('id', ${todoIdSql(`n % ${rowCount}`)}, 'text', 'todo number ' || (n % ${rowCount}))),
         ${eventIdSql('0')}, ${eventIdSql('0')}, 0, NULL FROM numbers`,
      )
      .run({ from, to })
  }
  log.exec(`UPDATE __headwater_sync_status SET head = ${to}, headEventId = ${eventIdSql(String(to))}`)
  log.close()
  const state = new Database(path.join(directory, 'bench', 'state-v1.db'))
  state.exec(`UPDATE __headwater_state_head SET seqNumGlobal = ${to}, eventId = ${eventIdSql(String(to))},
    trimmedToGlobal = ${to}, epoch = ${epochOf(directory)}, attachment = 1`)
  state.close()
}

const epochOf = (directory: string): number => {
  const log = new Database(path.join(directory, 'bench', 'eventlog-v1.db'), { readonly: true })
  const epoch = log.prepare<[], number>('SELECT epoch FROM __headwater_sync_status').pluck().get() ?? 0
  log.close()
  return epoch
}
