import type Database from 'better-sqlite3'
import type { LogHeader } from './LogFile.ts'
import { type ArchivePage, ImportRefused, type LogArchive, archivePageEvents, notEmpty } from './LogArchive.ts'

interface HeaderRow {
  readonly key: number
  readonly storeId: string
  readonly backendId: string
  readonly headGlobal: number
  readonly headId: string | null
}

/** The logs of a SQLite file. Reading works beside a server; taking needs the folder for itself. */
export const sqliteArchive = (database: Database.Database, close: () => void): LogArchive => {
  const statements = {
    header: database.prepare<[string], HeaderRow>(
      'SELECT key, storeId, backendId, headGlobal, headId FROM store WHERE storeId = ?',
    ),
    stores: database
      .prepare<[string, number], string>('SELECT storeId FROM store WHERE storeId > ? ORDER BY storeId LIMIT ?')
      .pluck(),
    totals: database.prepare<[], { readonly stores: number; readonly events: number }>(
      'SELECT count(*) AS stores, coalesce(sum(headGlobal), 0) AS events FROM store',
    ),
    events: database.prepare<[number, number, number], { readonly mark: string; readonly json: string }>(
      'SELECT mark, json FROM event WHERE storeKey = ? AND global > ? ORDER BY global LIMIT ?',
    ),
    claims: database.prepare<[number, string], { readonly clientId: string; readonly principalId: string }>(
      `SELECT clientId, principalId FROM claim WHERE storeKey = ? AND clientId IN (SELECT value FROM json_each(?))`,
    ),
  }
  const find = (storeId: string): LogHeader | undefined => {
    const row = statements.header.get(storeId)
    if (row === undefined) return undefined
    return { storeId, backendId: row.backendId, head: { global: row.headGlobal, eventId: row.headId } }
  }
  return {
    name: `sqlite ${database.name}`,
    totals: async () => statements.totals.get() ?? { stores: 0, events: 0 },
    stores: async (after, storesMax) => statements.stores.all(after ?? '', storesMax),
    find: async (storeId) => find(storeId),
    read: async (storeId, after) => {
      const key = statements.header.get(storeId)?.key ?? -1
      const events = statements.events.all(key, after, archivePageEvents)
      const clientIds = new Set(events.map(({ json }) => (JSON.parse(json) as { clientId: string }).clientId))
      return { events, claims: statements.claims.all(key, JSON.stringify([...clientIds])) }
    },
    refuses: () => undefined,
    take: async (log, pages) => takeLog(database, log, pages),
    close: async () => close(),
  }
}

/** One transaction: a process that ends in the midst has stored nothing. */
const takeLog = (database: Database.Database, log: LogHeader, pages: Iterable<ArchivePage>): void => {
  const { storeId, backendId, head } = log
  const insertEvent = database.prepare<[number, number, string, string, string]>(
    'INSERT INTO event (storeKey, global, eventId, mark, json) VALUES (?, ?, ?, ?, ?)',
  )
  const insertClaim = database.prepare<[number, string, string]>('INSERT INTO claim VALUES (?, ?, ?)')
  const setStore = database.prepare<[string, string, number, string | null]>(
    `INSERT INTO store (storeId, backendId, headGlobal, headId) VALUES (?, ?, ?, ?)
     ON CONFLICT (storeId) DO UPDATE SET backendId = excluded.backendId, headGlobal = excluded.headGlobal,
       headId = excluded.headId WHERE headGlobal = 0`,
  )
  const keyOf = database.prepare<[string], number>('SELECT key FROM store WHERE storeId = ?').pluck()
  database
    .transaction(() => {
      if (setStore.run(storeId, backendId, head.global, head.eventId).changes === 0)
        throw new ImportRefused({ storeId, detail: notEmpty({ global: 1, eventId: null }, database.name) ?? '' })
      const key = keyOf.get(storeId) ?? -1
      let global = 0
      for (const { events, claims } of pages) {
        for (const { mark, json } of events) {
          const { id } = JSON.parse(json) as { readonly id: string }
          insertEvent.run(key, (global += 1), id, mark, json)
        }
        for (const { clientId, principalId } of claims) insertClaim.run(key, clientId, principalId)
      }
      if (global !== head.global)
        throw new ImportRefused({ storeId, detail: 'the file has changed while it was read; import it again' })
    })
    .immediate()
}
