import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import Database from 'better-sqlite3'
import { filesChecksum, openRawLeader } from '../RawLeader.ts'
import { withScratchFolder } from '../ScratchFolder.ts'
import { median, quantile } from '../Statistics.ts'
import { type TodoArgs, todoArgs, todoRange } from '../TodoRows.ts'
import type { Measurement } from '../Workload.ts'
import { batchSize, eventCount, loneCount, warmUpCount } from './HttpSizes.ts'

/** Events a push, a transaction and a page hold. */
const groupMax = 1_000

/**
 * The statements of both clients and of the server, one after the other in one thread, with the event as JSON in
 * between and no network: what is left when everything that is not SQL is free.
 */
export const measureRawHttp = (): Promise<Measurement> =>
  withScratchFolder(async (folder) => {
    const [a, b] = ['a', 'b'].map((name) => {
      mkdirSync(path.join(folder, name))
      return openRawLeader(path.join(folder, name))
    })
    if (a === undefined || b === undefined) throw new Error('no clients')
    const server = openServerLog(path.join(folder, 'server.db'))
    const send = (events: ReadonlyArray<TodoArgs>): void => {
      a.persist(events)
      const pulled = JSON.parse(server.append(JSON.stringify(events))) as ReadonlyArray<TodoArgs>
      b.persist(pulled)
      b.commit(pulled)
    }
    const pour = (first: number, count: number): void => {
      for (let at = first; at < first + count; at += groupMax) {
        for (let batch = at; batch < at + groupMax; batch += batchSize) a.commit(todoRange(batch, batchSize))
        send(todoRange(at, groupMax))
      }
    }
    pour(0, warmUpCount)
    const start = performance.now()
    pour(warmUpCount, eventCount)
    const seconds = (performance.now() - start) / 1_000
    const times = Array.from({ length: loneCount }, (_, i) => {
      const event = todoArgs(warmUpCount + eventCount + i)
      const before = performance.now()
      a.commit([event])
      send([event])
      return performance.now() - before
    })
    const tables = b.checksum()
    for (const closing of [a, b, server]) closing.close()
    return await Promise.resolve({
      figures: { throughput: eventCount / seconds, lone: median(times), loneP99: quantile(times, 0.99) },
      checksum: `${tables}-${filesChecksum(path.join(folder, 'b'))}`,
    })
  })

/** The server's tables and statements as `packages/server` has them in format 2. */
const openServerLog = (file: string) => {
  const database = new Database(file)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE store (key INTEGER PRIMARY KEY, storeId TEXT NOT NULL UNIQUE, backendId TEXT NOT NULL,
      headGlobal INTEGER NOT NULL, headId TEXT) STRICT;
    CREATE TABLE event (storeKey INTEGER NOT NULL, global INTEGER NOT NULL, eventId TEXT NOT NULL, mark TEXT NOT NULL,
      json TEXT NOT NULL, PRIMARY KEY (storeKey, global)) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX eventById ON event (storeKey, eventId);
    INSERT INTO store VALUES (1, 'bench', 'raw', 0, NULL);`)
  const insert = database.prepare('INSERT INTO event (storeKey, global, eventId, mark, json) VALUES (1, ?, ?, ?, ?)')
  const setHead = database.prepare('UPDATE store SET headGlobal = ?, headId = ? WHERE key = 1')
  const read = database.prepare<[number], string>(
    'SELECT json FROM event WHERE storeKey = 1 AND global > ? ORDER BY global',
  )
  read.pluck()
  let head = 0
  return {
    /** Takes a push, answers with the page that a reader gets. */
    append: (body: string): string => {
      const after = head
      // One for each append, so that a restored log is told from what it was.
      const mark = randomBytes(9).toString('base64url')
      const events = JSON.parse(body) as ReadonlyArray<TodoArgs>
      database.transaction(() => {
        for (const event of events) insert.run(++head, event.id, mark, JSON.stringify(event))
        setHead.run(head, events.at(-1)?.id ?? null)
      })()
      return `[${read.all(after).join(',')}]`
    },
    close: () => database.close(),
  }
}
