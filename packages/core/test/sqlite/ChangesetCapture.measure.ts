/**
 * What capture costs: `node packages/core/test/sqlite/ChangesetCapture.measure.ts`. In memory, one transaction for each
 * event of one statement, 70 % insert, 25 % update, 5 % delete on a todo list; the best of several runs, in µs an event.
 */
import type { TableDescriptor } from '../../src/schema/SchemaDescriptor.ts'
import { decodeChangeset, encodeChangeset, hashChangeset } from '../../src/sqlite/Changeset.ts'
import { makeChangesetApplier } from '../../src/sqlite/ChangesetApply.ts'
import { makeChangesetCapture } from '../../src/sqlite/ChangesetCapture.ts'
import type { RowChange } from '../../src/sqlite/RowChange.ts'
import type { SqliteConnection } from '../../src/sqlite/SqliteConnection.ts'
import { drivers } from './Drivers.ts'

const todos: TableDescriptor = {
  name: 'todos',
  columns: [
    { name: 'id', affinity: 'TEXT' },
    { name: 'text', affinity: 'TEXT' },
    { name: 'completed', affinity: 'INTEGER' },
    { name: 'createdAt', affinity: 'INTEGER' },
  ],
  primaryKey: ['id'],
  isWithoutRowid: false,
  isClientOnly: false,
  createSql: ['CREATE TABLE todos (id TEXT PRIMARY KEY, text TEXT, completed INTEGER, createdAt INTEGER)'],
}
const events = 20_000
const runs = 7

type Mode = 'none' | 'trigger' | 'take' | 'store' | 'rows'

/** µs an event. */
const measureCommits = (open: () => SqliteConnection, mode: Mode): number => {
  const connection = open()
  connection.exec(`${todos.createSql[0]!}; CREATE TABLE changesets (seq INTEGER PRIMARY KEY, bytes BLOB)`)
  const capture = makeChangesetCapture(connection, [todos])
  if (mode !== 'none') capture.install()
  const insert = connection.prepare('INSERT INTO todos VALUES (?, ?, ?, ?)')
  const update = connection.prepare('UPDATE todos SET completed = ?, text = ? WHERE id = ?')
  const remove = connection.prepare('DELETE FROM todos WHERE id = ?')
  const store = connection.prepare('INSERT INTO changesets (seq, bytes) VALUES (?, ?)')
  const beginStatement = connection.prepare('BEGIN')
  const commitStatement = connection.prepare('COMMIT')
  let read = 0
  const start = performance.now()
  for (let index = 0; index < events; index++) {
    beginStatement.run()
    if (mode !== 'none') capture.begin()
    const step = index % 20
    if (step < 14) insert.run([`todo-${index}`, `Buy ${index} bottles of milk`, 0n, 1_700_000_000_000n + BigInt(index)])
    else if (step < 19) update.run([1n, `Done ${index}`, `todo-${index - 14}`])
    else remove.run([`todo-${index - 10}`])
    if (mode === 'trigger') capture.discard()
    else if (mode !== 'none') {
      const captured = capture.take()
      if (mode === 'store') store.run([BigInt(index), captured.bytes])
      if (mode === 'rows') read += captured.changes().length
    }
    commitStatement.run()
  }
  const elapsed = performance.now() - start
  if (mode === 'rows' && read !== events) throw new Error(`${read} changes for ${events} events`)
  connection.close()
  return (elapsed * 1000) / events
}

/** µs an event, applied in one transaction as in a rebase. */
const measureApply = (open: () => SqliteConnection): Readonly<Record<string, number>> => {
  const session = open()
  const leader = open()
  for (const connection of [session, leader]) connection.exec(todos.createSql[0]!)
  session.exec('PRAGMA foreign_keys=ON')
  leader.exec('PRAGMA foreign_keys=OFF')
  const capture = makeChangesetCapture(session, [todos])
  capture.install()
  const changesets: Array<Uint8Array> = []
  for (let index = 0; index < events; index++) {
    capture.begin()
    if (index % 4 === 3) session.exec(`UPDATE todos SET completed = 1, text = 'done' WHERE id = 't${index - 1}'`)
    else session.exec(`INSERT INTO todos VALUES ('t${index}', 'Buy ${index} bottles of milk', 0, ${1.7e12 + index})`)
    changesets.push(capture.take().bytes)
  }
  const sessionApplier = makeChangesetApplier(session, [todos], { foreignKeys: 'on', capture })
  const leaderApplier = makeChangesetApplier(leader, [todos], { foreignKeys: 'off' })
  const newestFirst = changesets.toReversed()
  const timed = (connection: SqliteConnection, run: () => void): number => {
    const start = performance.now()
    connection.exec('BEGIN')
    run()
    connection.exec('COMMIT')
    return ((performance.now() - start) * 1000) / events
  }
  return {
    'leader forward': timed(leader, () => changesets.forEach((bytes) => leaderApplier.applyForward(bytes))),
    'leader inverse': timed(leader, () => newestFirst.forEach((bytes) => leaderApplier.applyInverse(bytes))),
    'session inverse': timed(session, () =>
      sessionApplier.batch(() => newestFirst.forEach((bytes) => sessionApplier.applyInverse(bytes))),
    ),
  }
}

const measureBytes = (): Readonly<Record<string, number>> => {
  const after = ['todo-12345', 'Buy 12345 bottles of milk', 0n, 1_700_000_012_345n, 12_345n]
  const changes: ReadonlyArray<RowChange> = [{ kind: 'insert', table: todos, before: undefined, after }]
  const bytes = encodeChangeset(changes)
  const loops = 300_000
  const timed = (run: () => unknown): number => {
    const start = performance.now()
    for (let index = 0; index < loops; index++) run()
    return ((performance.now() - start) * 1000) / loops
  }
  return {
    'size in bytes': bytes.length,
    encode: timed(() => encodeChangeset(changes)),
    decode: timed(() => decodeChangeset(bytes, [todos])),
    hash: timed(() => hashChangeset(bytes)),
  }
}

const best = <K extends string>(measure: () => Readonly<Record<K, number>>): Readonly<Record<string, string>> => {
  const results = Array.from({ length: runs }, measure)
  return Object.fromEntries(
    (Object.keys(results[0]!) as Array<K>).map((key) => [
      key,
      Math.min(...results.map((result) => result[key])).toFixed(2),
    ]),
  )
}

console.log('one-row insert, µs', best(measureBytes))
for (const { driver, open } of drivers) {
  const modes: ReadonlyArray<Mode> = ['none', 'trigger', 'take', 'store', 'rows']
  const commits = best(() => Object.fromEntries(modes.map((mode) => [mode, measureCommits(open, mode)])))
  console.log(`${driver}, µs an event:`, commits)
  console.log(
    `${driver}, µs an event:`,
    best(() => measureApply(open)),
  )
}
