import { sqliteConnectionSuite } from '@headwater/testkit'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { UnsupportedPlatform, openBetterSqlite, requireNodeVersion } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'headwater-driver-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

sqliteConnectionSuite({
  describe,
  test,
  open: (options) => openBetterSqlite(options),
  capabilities: {
    wal: true,
    openFile: (name, options) => {
      const path = join(folder, `${name}.db`)
      if (options?.image !== undefined) writeFileSync(path, options.image)
      return openBetterSqlite({ path })
    },
  },
})

describe('opening', () => {
  test('a folder that is not there is CannotOpen', () => {
    expect(() => openBetterSqlite({ path: join(folder, 'missing', 'a.db') })).toThrow(
      expect.objectContaining({ _tag: 'SqliteError', reason: 'CannotOpen' }),
    )
  })

  test('a missing file is CannotOpen for who must find it, or reads only', () => {
    for (const options of [{ mustExist: true }, { readonly: true }]) {
      expect(() => openBetterSqlite({ path: join(folder, 'not-there.db'), ...options })).toThrow(
        expect.objectContaining({ reason: 'CannotOpen' }),
      )
    }
  })

  test('read-only refuses writes', () => {
    const path = join(folder, 'read-only.db')
    openBetterSqlite({ path }).close()
    const connection = openBetterSqlite({ path, readonly: true })
    expect(() => connection.exec('CREATE TABLE t (a)')).toThrow(expect.objectContaining({ reason: 'ReadOnly' }))
    connection.close()
  })

  test('a file that is no database is NotADatabase at its first use', () => {
    const path = join(folder, 'text.db')
    writeFileSync(path, 'This is no database at all. '.repeat(200))
    expect(() => openBetterSqlite({ path }).exec('SELECT * FROM sqlite_schema')).toThrow(
      expect.objectContaining({ reason: 'NotADatabase' }),
    )
  })
})

describe('the Node version', () => {
  test('22.19 and newer are accepted, older ones are refused with what to do', () => {
    for (const version of ['22.19.0', '22.20.1', '24.0.0', '100.0.0']) requireNodeVersion(version)
    for (const version of ['18.20.4', '20.20.0', '22.18.9']) {
      expect(() => requireNodeVersion(version)).toThrow(UnsupportedPlatform)
      expect(() => requireNodeVersion(version)).toThrow(
        `Headwater needs Node.js 22.19 or newer, but found ${version}. Install a current Node.js`,
      )
    }
  })
})
