import type Database from 'better-sqlite3'
import { createRequire } from 'node:module'
import { UnsupportedPlatform, requireNodeVersion } from './NodeVersion.ts'

/** The addon's constructor, and what it is: `better-sqlite3 13.2.0, SQLite 3.54.1`. */
export interface BetterSqlite {
  readonly Database: typeof Database
  readonly description: string
}

let loaded: BetterSqlite | undefined

/**
 * Loads better-sqlite3 on first use, once the Node version is known to be good; an `import` at the top of a file would
 * load it before any check could run.
 *
 * **Fails with** `UnsupportedPlatform`.
 */
export const loadBetterSqlite = (): BetterSqlite => {
  if (loaded !== undefined) return loaded
  requireNodeVersion()
  const require = createRequire(import.meta.url)
  try {
    const constructor = require('better-sqlite3') as typeof Database
    // The binary is only read when the first database opens: do it here, where a failure can be explained.
    const database = new constructor(':memory:')
    const sqliteVersion = String(database.prepare('SELECT sqlite_version()').pluck().get())
    database.close()
    const { version } = require('better-sqlite3/package.json') as { readonly version: string }
    loaded = { Database: constructor, description: `better-sqlite3 ${version}, SQLite ${sqliteVersion}` }
    return loaded
  } catch (error) {
    throw new UnsupportedPlatform({
      capability: 'better-sqlite3',
      found: `${process.platform}-${process.arch} (${error instanceof Error ? error.message : String(error)})`,
      needed: '13.2 with its prebuilt binary',
      advice: 'Reinstall the package on this machine; binaries come for Linux, macOS and Windows on x64 and arm64.',
    })
  }
}
