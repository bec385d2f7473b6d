import { classifySqliteError, clearWalMark, type SqliteConnection } from '@headwater/core/adapter'
import { openWasmSqlite, type WasmSqlite } from '@headwater/sqlite-wasm'
import { type OpfsMount, OpfsVfs } from './OpfsVfs.ts'
import { isQuotaError } from './SyncAccess.ts'

/** A module takes a VFS once and for ever. */
const vfsOf = new WeakMap<WasmSqlite, OpfsVfs>()

const opfsVfs = (sqlite: WasmSqlite): OpfsVfs => {
  const known = vfsOf.get(sqlite)
  if (known !== undefined) return known
  const vfs = new OpfsVfs(sqlite.exports)
  vfsOf.set(sqlite, vfs)
  return vfs
}

export interface OpenOpfsOptions {
  /** Default `false`: a file that is missing is made. */
  readonly mustExist?: boolean
  /** Becomes the content of the database, whatever the file held; one marked as WAL too. */
  readonly image?: Uint8Array
}

/**
 * Opens a database of a pool. `PRAGMA journal_mode = WAL` needs `PRAGMA locking_mode = EXCLUSIVE` before it.
 *
 * **Fails with** `SqliteError`.
 */
export const openOpfsSqlite = (
  sqlite: WasmSqlite,
  files: OpfsMount,
  name: string,
  { mustExist = false, image }: OpenOpfsOptions = {},
): SqliteConnection => {
  if (mustExist && files.pool.find(name) === undefined)
    throw classifySqliteError({ code: 'SQLITE_CANTOPEN', operation: 'open', detail: `there is no file ${name}` })
  const vfs = opfsVfs(sqlite)
  const mount = vfs.mount(files)
  try {
    if (image !== undefined) putImage(files, name, image)
    const connection = openWasmSqlite(sqlite, { vfs, filename: `/${mount}/${name}` })
    const close = (): void => {
      connection.close()
      vfs.unmount(mount)
    }
    try {
      // Reading the header now tells a broken image at once.
      if (image !== undefined) connection.exec('PRAGMA schema_version')
    } catch (error) {
      connection.close()
      throw error
    }
    return { ...connection, close }
  } catch (error) {
    vfs.unmount(mount)
    throw error
  }
}

/** Puts a whole database in its place: after a crash it is the old one or the new one. **Fails with** `SqliteError`. */
export const putImage = ({ pool, mayWrite }: OpfsMount, name: string, image: Uint8Array): void =>
  asSqlite(`replace ${name}`, () => {
    if (!mayWrite()) throw new Error('this leader may have been replaced')
    const unmarked = image.slice()
    clearWalMark(unmarked)
    pool.put(name, unmarked)
  })

/** What the file system says in the words that the port promises. **Fails with** `SqliteError`. */
export const asSqlite = <A>(operation: string, run: () => A): A => {
  try {
    return run()
  } catch (error) {
    const code = isQuotaError(error) ? 'SQLITE_FULL' : 'SQLITE_IOERR'
    throw classifySqliteError({ code, detail: String(error), operation })
  }
}
