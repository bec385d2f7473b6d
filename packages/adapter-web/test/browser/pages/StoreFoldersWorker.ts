/** Files that somebody else has open. One worker can play both: a handle is exclusive within it, too. */
import { SqliteError } from '@headwater/core/adapter'
import type { SqliteConnection } from '@headwater/core/sqlite'
import { loadWasmSqlite } from '@headwater/sqlite-wasm'
import { opfsLeaderStorage } from '../../../src/OpfsLeaderStorage.ts'
import type { OpfsPool } from '../../../src/OpfsPool.ts'
import { openStorePool, removeStore } from '../../../src/StoreFolders.ts'
import { OpfsUnavailable, StoreFilesHeld } from '../../../src/WebAdapterError.ts'
import { serveSuite } from '../SuiteCases.ts'

const directory = 'folders'

const check = (isTrue: boolean, what: string): void => {
  if (!isTrue) throw new Error(what)
}

const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

serveSuite(async ({ test }) => {
  const sqlite = await loadWasmSqlite()
  let stores = 0

  const open = (storeId: string, mayCopy: boolean, waitMs = 100): Promise<OpfsPool> =>
    openStorePool({ storeId, directory, waitMs, mayCopy })

  const logOf = (pool: OpfsPool, mayWrite = () => true): SqliteConnection => {
    const log = opfsLeaderStorage(sqlite, { pool, mayWrite }, () => 0).openEventlog()
    log.exec('CREATE TABLE IF NOT EXISTS event (n INTEGER PRIMARY KEY)')
    return log
  }

  const commit = (log: SqliteConnection, count: number): void => {
    for (let i = 0; i < count; i++) log.exec('INSERT INTO event VALUES (NULL)')
  }

  const count = (log: SqliteConnection): number => Number(log.prepare('SELECT count(*) FROM event').get()![0])

  const foldersOf = async (storeId: string): Promise<string> => {
    const root = await navigator.storage.getDirectory()
    const store = await (await root.getDirectoryHandle(directory)).getDirectoryHandle(storeId)
    const names: Array<string> = []
    for await (const name of store.keys()) names.push(name)
    return names.toSorted().join(' ')
  }

  test('files that are held are waited for, and then refused with a typed error', async () => {
    const storeId = `store-${++stores}`
    const holder = await open(storeId, false)
    check((await failureOf(open(storeId, false))) instanceof StoreFilesHeld, 'StoreFilesHeld')
    const waiting = open(storeId, false, 10_000)
    holder.close()
    const next = await waiting
    next.close()
  })

  test('from a leader that hangs the files are copied: all that was committed is there, and nothing of what it does later', async () => {
    const storeId = `store-${++stores}`
    const hanging = await open(storeId, false)
    const old = logOf(hanging)
    commit(old, 200)
    const pool = await open(storeId, true)
    check(pool.path.endsWith('/2'), `the copy is in ${pool.path}`)
    const log = logOf(pool)
    check(count(log) === 200, `${count(log)} events in the copy`)
    commit(old, 5)
    commit(log, 10)
    log.close()
    pool.close()
    // It wakes up, closes its files, and the next leader has the copy all the same.
    old.close()
    hanging.close()
    const next = await open(storeId, false)
    const last = logOf(next)
    check(count(last) === 210, `${count(last)} events with the next leader`)
    last.close()
    next.close()
    while ((await foldersOf(storeId)) !== '2') await new Promise((resolve) => setTimeout(resolve, 10))
  })

  test('what a leader that wakes up commits while its files are read is in the copy, or the copy is read again', async () => {
    const storeId = `store-${++stores}`
    const hanging = await open(storeId, false)
    const old = logOf(hanging)
    commit(old, 20)
    const original = Object.getOwnPropertyDescriptor(FileSystemFileHandle.prototype, 'getFile')!
    // Between the log's two files, so that neither of them has it when it is read.
    let before = ''
    let hasCommitted = false
    const getFile = function (this: FileSystemFileHandle): Promise<File> {
      if (!hasCommitted && before.startsWith('0.')) {
        hasCommitted = true
        commit(old, 1)
        if (before === '0.db') old.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      }
      before = this.name
      return (original.value as typeof getFile).call(this)
    }
    Object.defineProperty(FileSystemFileHandle.prototype, 'getFile', { ...original, value: getFile })
    let pool: OpfsPool
    try {
      pool = await open(storeId, true)
    } finally {
      Object.defineProperty(FileSystemFileHandle.prototype, 'getFile', original)
    }
    const log = logOf(pool)
    check(hasCommitted && count(log) === 21, `${count(log)} events in the copy`)
    for (const each of [log, pool, old, hanging]) each.close()
  })

  test('a copy that was interrupted counts for nothing', async () => {
    const storeId = `store-${++stores}`
    const first = await open(storeId, false)
    const log = logOf(first)
    commit(log, 20)
    log.close()
    first.close()
    const root = await navigator.storage.getDirectory()
    const store = await (await root.getDirectoryHandle(directory)).getDirectoryHandle(storeId)
    const half = await store.getDirectoryHandle('2', { create: true })
    await half.getFileHandle('0.db', { create: true })
    const pool = await open(storeId, false)
    const again = logOf(pool)
    check(pool.path.endsWith('/1') && count(again) === 20, `${count(again)} events in ${pool.path}`)
    again.close()
    pool.close()
    while ((await foldersOf(storeId)) !== '1') await new Promise((resolve) => setTimeout(resolve, 10))
  })

  test('a leader that may not write any more writes nothing, and says so', async () => {
    const storeId = `store-${++stores}`
    const pool = await open(storeId, false)
    let mayWrite = true
    const log = logOf(pool, () => mayWrite)
    commit(log, 10)
    mayWrite = false
    let failure: unknown
    try {
      commit(log, 1)
    } catch (error) {
      failure = error
    }
    check(failure instanceof SqliteError && failure.reason === 'IoFailed', `IoFailed, not ${String(failure)}`)
    log.close()
    pool.close()
    const next = await open(storeId, false)
    const last = logOf(next)
    check(count(last) === 10, `${count(last)} events`)
    last.close()
    next.close()
  })

  test('a store that is held is not wiped', async () => {
    const storeId = `store-${++stores}`
    const holder = await open(storeId, false)
    check((await failureOf(removeStore(directory, storeId))) instanceof StoreFilesHeld, 'StoreFilesHeld')
    holder.close()
    await removeStore(directory, storeId)
    await removeStore(directory, storeId)
  })

  test('store ids that differ in case only are two stores', async () => {
    const [upper, lower] = [await open('Same', false), await open('same', false)]
    check(upper.path !== lower.path, upper.path)
    upper.close()
    lower.close()
  })

  test('storage that is blocked is a typed error', async () => {
    const original = Object.getOwnPropertyDescriptor(StorageManager.prototype, 'getDirectory')!
    const value = () => Promise.reject(new DOMException('blocked', 'SecurityError'))
    Object.defineProperty(StorageManager.prototype, 'getDirectory', { ...original, value })
    try {
      const failure = await failureOf(open('blocked', false))
      check(failure instanceof OpfsUnavailable && failure.reason === 'Blocked', `Blocked, not ${String(failure)}`)
    } finally {
      Object.defineProperty(StorageManager.prototype, 'getDirectory', original)
    }
  })
})
