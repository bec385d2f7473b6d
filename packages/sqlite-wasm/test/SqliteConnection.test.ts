import { sqliteConnectionSuite } from '@headwater/testkit'
import { MemoryVFS } from '@journeyapps/wa-sqlite/src/examples/MemoryVFS.js'
import { describe, expect, test } from 'vitest'
import { loadWasmSqlite, openWasmSqlite } from '../src/index.ts'

const sqlite = await loadWasmSqlite()

describe("in memory and in the module's own files", () => {
  sqliteConnectionSuite({
    describe,
    test,
    open: (options) => openWasmSqlite(sqlite, options),
    capabilities: {
      wal: false,
      openFile: (name, options) => openWasmSqlite(sqlite, { filename: `/${name}.db`, ...options }),
    },
  })
})

describe('on a JavaScript VFS', () => {
  const vfs = new MemoryVFS('suite-memory', sqlite.exports)
  let next = 0
  sqliteConnectionSuite({
    describe,
    test,
    open: (options) => openWasmSqlite(sqlite, { filename: `database-${(next += 1)}`, vfs, ...options }),
    capabilities: { wal: false },
  })
})

describe('the module', () => {
  test('is loaded once', async () => {
    expect(await loadWasmSqlite()).toBe(sqlite)
  })

  test('takes one VFS per name, and none that is asynchronous', () => {
    const vfs = new MemoryVFS('twice', sqlite.exports)
    sqlite.registerVfs(vfs)
    sqlite.registerVfs(vfs)
    expect(() => sqlite.registerVfs(new MemoryVFS('twice', sqlite.exports))).toThrow('another virtual file system')
    const asynchronous = new MemoryVFS('asynchronous', sqlite.exports)
    asynchronous.hasAsyncMethod = (method: string) => method === 'xRead'
    expect(() => sqlite.registerVfs(asynchronous)).toThrow(
      'xRead of the virtual file system asynchronous is asynchronous',
    )
  })

  test('memory that connections used is free again after they are closed', () => {
    const once = () => {
      const connection = openWasmSqlite(sqlite)
      connection.createFunction('f', { argumentCount: 1 }, (value) => value)
      connection.exec('CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(100000))')
      connection.prepare('SELECT f(a), ? FROM t').all(['x'.repeat(1_000_000)])
      connection.close()
    }
    for (let index = 0; index < 20; index++) once()
    const before = sqlite.exports.HEAPU8.length
    for (let index = 0; index < 500; index++) once()
    expect(sqlite.exports.HEAPU8.length).toBe(before)
  })
})
