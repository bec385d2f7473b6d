import type { SqliteConnection } from '@headwater/core/sqlite'
import type { SuiteTest } from './SyncBackendSuite.ts'
import type { SqliteCase, SqliteCaseContext } from './sqlite/SqliteCase.ts'
import { sqliteErrorCases } from './sqlite/SqliteErrorCases.ts'
import { sqliteFunctionCases } from './sqlite/SqliteFunctionCases.ts'
import { sqliteImageCases } from './sqlite/SqliteImageCases.ts'
import { sqliteStatementCases } from './sqlite/SqliteStatementCases.ts'
import { sqliteTransactionCases } from './sqlite/SqliteTransactionCases.ts'
import { sqliteValueCases } from './sqlite/SqliteValueCases.ts'

/** How the suite reaches a test runner and a driver. */
export interface SqliteConnectionSuiteOptions {
  /** Cases of capabilities that are not there are registered with `test.skip`, where the runner has it. */
  readonly test: SuiteTest
  /** Groups the cases, where the runner can. */
  readonly describe?: (name: string, define: () => void) => unknown
  /** A new database in memory: an empty one, or one made from an image. */
  readonly open: (options?: { readonly image?: Uint8Array }) => SqliteConnection | Promise<SqliteConnection>
  readonly capabilities: {
    /** A file of this name, the same one whenever it is asked for. Without it the cases of files are left out. */
    readonly openFile?: (
      name: string,
      options?: { readonly image?: Uint8Array },
    ) => SqliteConnection | Promise<SqliteConnection>
    /** Files can be in WAL mode. */
    readonly wal: boolean
  }
}

/**
 * What every SQLite driver has to hold, on any test runner:
 *
 * ```ts
 * import { describe, test } from 'vitest'
 * sqliteConnectionSuite({ describe, test, open: (options) => openBetterSqlite(options), capabilities: { wal: true } })
 * ```
 */
export const sqliteConnectionSuite = (options: SqliteConnectionSuiteOptions): void => {
  const describe = options.describe ?? ((_name: string, define: () => void) => define())
  for (const [name, cases] of groups) {
    describe(name, () => {
      for (const one of cases) {
        const body = () => runCase(one, options)
        if (isWithin(one, options)) options.test(`${name}: ${one.name}`, body)
        else options.test.skip?.(`${name}: ${one.name} (needs ${one.needs})`, body)
      }
    })
  }
}

const groups: ReadonlyArray<readonly [string, ReadonlyArray<SqliteCase>]> = [
  ['values', sqliteValueCases],
  ['statements', sqliteStatementCases],
  ['functions', sqliteFunctionCases],
  ['transactions', sqliteTransactionCases],
  ['errors', sqliteErrorCases],
  ['images', sqliteImageCases],
]

const isWithin = (one: SqliteCase, { capabilities }: SqliteConnectionSuiteOptions): boolean =>
  one.needs === undefined || (capabilities.openFile !== undefined && (one.needs === 'file' || capabilities.wal))

/** Runs one case on a fresh database and closes whatever it opened. */
const runCase = async (one: SqliteCase, options: SqliteConnectionSuiteOptions): Promise<void> => {
  const opened: Array<SqliteConnection> = []
  const keep = (connection: SqliteConnection): SqliteConnection => {
    opened.push(connection)
    return connection
  }
  const context: SqliteCaseContext = {
    connection: keep(await options.open()),
    open: async (image) => keep(await options.open(image === undefined ? {} : { image })),
    openFile: async (name, image) => {
      const { openFile } = options.capabilities
      if (openFile === undefined) throw new Error('the driver under test has no files')
      return keep(await openFile(name, image === undefined ? {} : { image }))
    },
  }
  try {
    await one.run(context)
  } finally {
    for (const connection of opened) connection.close()
  }
}
