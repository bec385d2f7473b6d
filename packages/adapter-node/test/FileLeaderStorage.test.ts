import { afterEach, beforeEach, expect, test } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileLeaderStorage } from '../src/FileLeaderStorage.ts'
import { makeStoreFiles } from '../src/StoreFiles.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-storage-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

// SQLite's numbers for `PRAGMA synchronous`.
for (const [durability, synchronous] of [
  ['full', 2],
  ['normal', 1],
] as const) {
  test(`durability '${durability}': how both databases are synced, but for COMMITs that can wait`, () => {
    const storage = fileLeaderStorage(makeStoreFiles(folder, 'demo'), durability)
    const connections = [storage.openEventlog(), storage.openState()]
    const pragmas = connections.map((connection) => [
      connection.prepare('PRAGMA journal_mode').get()?.[0],
      connection.prepare('PRAGMA synchronous').get()?.[0],
    ])
    for (const connection of connections) connection.close()
    expect(pragmas).toEqual([
      ['wal', synchronous],
      ['wal', synchronous],
    ])
  })
}
