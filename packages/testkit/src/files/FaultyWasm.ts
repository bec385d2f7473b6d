import type { SqliteConnection } from '@headwater/core/sqlite'
import { openWasmSqlite, type WasmSqlite } from '@headwater/sqlite-wasm'
import type { FaultyDisk } from './FaultyDisk.ts'
import { FaultyVfs } from './FaultyVfs.ts'

/** A module takes a VFS once and for ever. */
const vfsOf = new WeakMap<WasmSqlite, FaultyVfs>()

const faultyVfs = (sqlite: WasmSqlite): FaultyVfs => {
  const known = vfsOf.get(sqlite)
  if (known !== undefined) return known
  const vfs = new FaultyVfs(sqlite.exports)
  vfsOf.set(sqlite, vfs)
  return vfs
}

/**
 * Opens a file of the disk, made when it is missing, for the process that lives on it now. After that process has died
 * the connection fails with `SqliteError` `IoFailed`; it must be closed all the same, to free its memory.
 *
 * Rollback journals of every mode work as they are; `PRAGMA journal_mode = WAL` needs `PRAGMA locking_mode = EXCLUSIVE`
 * before it, as there is no shared memory. Nothing else can be attached than databases in memory.
 *
 * **Shape** `filename` is a plain name as the disk's `files` has it; `image` as for `openWasmSqlite`. **Fails with**
 * `SqliteError`.
 */
export const openFaultyWasm = (
  sqlite: WasmSqlite,
  disk: FaultyDisk,
  filename: string,
  options: { readonly image?: Uint8Array } = {},
): SqliteConnection => {
  const vfs = faultyVfs(sqlite)
  const mount = vfs.mount(disk)
  try {
    const connection = openWasmSqlite(sqlite, { ...options, vfs, filename: `/${mount}/${filename}` })
    return {
      ...connection,
      close: () => {
        connection.close()
        vfs.unmount(mount)
      },
    }
  } catch (error) {
    vfs.unmount(mount)
    throw error
  }
}
