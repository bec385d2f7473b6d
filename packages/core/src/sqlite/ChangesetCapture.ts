/**
 * Captures which rows change, with stock SQLite: TEMP triggers hand old and new values to one JavaScript function.
 *
 * | Trigger | Call (one; rows too wide for it: several)                                              |
 * | ------- | -------------------------------------------------------------------------------------- |
 * | INSERT  | `__headwater_capture(code, new values…)`                                               |
 * | UPDATE  | `__headwater_capture(code, old values…, new values…)`                                  |
 * | DELETE  | `__headwater_capture(code, old values…)`                                               |
 *
 * `code` is table number * 8 + kind (0 insert, 1 update, 2 delete) + 4 if more values follow in the next
 * call. The call's arguments are kept as they come, are encoded once at the end, and become {@link RowChange}s only when
 * somebody asks.
 *
 * What the order of changes is: the order in which AFTER triggers fire. A foreign-key action's changes come *before*
 * those of the row that caused it, although they happened after; where that matters ChangesetApply.ts copes.
 *
 * Valid while: (1) the triggers are installed, which they are not anymore after DDL on a table: `install()` again; (2)
 * `recursive_triggers` is ON, or the rows that REPLACE deletes are not seen: `install()` turns it on; (3) no virtual
 * table, no user trigger and no AUTOINCREMENT is in the schema: their changes are not all seen.
 */
import type { TableDescriptor } from '../schema/SchemaDescriptor.ts'
import { finishChangeset, startChangeset, writeChange } from './Changeset.ts'
import { type Row, type RowChange, isSameRow } from './RowChange.ts'
import type { SqliteConnection, SqliteValue } from './SqliteConnection.ts'
import { type TableLayout, describeTableLayout, quoteName } from './TableLayout.ts'

/** A captured change as the trigger passed it: `[code, …values]`. */
export type CapturedCall = ReadonlyArray<SqliteValue>

/** What was captured between `begin` and `take`. */
export interface CapturedChangeset {
  /** 0 bytes when nothing changed. The caller owns them. */
  readonly bytes: Uint8Array
  /** The same changes as rows, made when first asked for: live queries want them, a commit does not. */
  readonly changes: () => ReadonlyArray<RowChange>
}

export interface ChangesetCapture {
  /** Makes the triggers (again), turns on `recursive_triggers`. **Fails with** `SqliteError`. */
  readonly install: () => void
  /** Drops the triggers. */
  readonly uninstall: () => void
  /** Starts to capture; what was captured and not taken is forgotten. */
  readonly begin: () => void
  /** Ends capturing. */
  readonly take: () => CapturedChangeset
  /** Ends capturing and forgets. */
  readonly discard: () => void
  /** A point to {@link ChangesetCapture.rewind} to, to be taken with each SAVEPOINT. */
  readonly mark: () => number
  /** Forgets the changes since `mark`: those of a statement that failed or was rolled back to the SAVEPOINT. */
  readonly rewind: (mark: number) => void
  /** Nothing that `run` changes is captured. */
  readonly pauseWhile: <T>(run: () => T) => T
  /** What `run` changes goes to `calls`, one entry for each row changed, and not to the changeset. */
  readonly observeWhile: <T>(calls: Array<CapturedCall>, run: () => T) => T
  /** A captured call as the change that it stands for. */
  readonly toRowChange: (call: CapturedCall) => RowChange
}

const functionName = '__headwater_capture'
/** SQLite allowed 127 arguments up to 3.47 (SQLITE_MAX_FUNCTION_ARG), 1000 since: 126 values beside the code. */
const valuesPerCall = 126
const kinds = ['insert', 'update', 'delete'] as const
type Kind = 0 | 1 | 2

/** One capture for one connection. The tables need not exist before `install`. */
export const makeChangesetCapture = (
  connection: SqliteConnection,
  tables: ReadonlyArray<TableDescriptor>,
): ChangesetCapture => {
  let layouts: ReadonlyArray<TableLayout> = []
  /** Where changes go; `undefined` while nothing is captured. */
  let sink: Array<CapturedCall> | undefined
  /** The first calls of a row that is too wide for one. */
  let parts: Array<SqliteValue> = []

  connection.createFunction(functionName, { argumentCount: -1 }, (...call) => {
    if (sink === undefined) return
    const code = call[0] as number
    if ((code & 4) === 0 && parts.length === 0) sink.push(call)
    else collect(call, code)
  })
  const collect = (call: CapturedCall, code: number): void => {
    for (let index = 1; index < call.length; index++) parts.push(call[index]!)
    if ((code & 4) !== 0) return
    sink!.push([code, ...parts])
    parts = []
  }
  const redirectWhile = <T>(target: Array<CapturedCall> | undefined, run: () => T): T => {
    const outer = sink
    sink = target
    try {
      return run()
    } finally {
      sink = outer
      parts = []
    }
  }
  const take = (): CapturedChangeset => {
    const calls = sink ?? []
    sink = undefined
    let changes: ReadonlyArray<RowChange> | undefined
    const encodedLayouts = layouts
    return {
      bytes: encodeCalls(encodedLayouts, calls),
      changes: () => (changes ??= toRowChanges(encodedLayouts, calls)),
    }
  }

  return {
    install: () => {
      layouts = tables.map((table) => describeTableLayout(connection, table))
      connection.exec(`PRAGMA recursive_triggers=ON; ${layouts.map(triggersSql).join(' ')}`)
    },
    uninstall: () => connection.exec(tables.map((_, number) => dropTriggersSql(number)).join(' ')),
    begin: () => {
      sink = []
      parts = []
    },
    take,
    discard: () => {
      sink = undefined
    },
    mark: () => sink?.length ?? 0,
    rewind: (mark) => {
      parts = []
      if (sink !== undefined && sink.length > mark) sink.length = mark
    },
    pauseWhile: (run) => redirectWhile(undefined, run),
    observeWhile: redirectWhile,
    toRowChange: (call) => toRowChange(layouts, call),
  }
}

const encodeCalls = (layouts: ReadonlyArray<TableLayout>, calls: ReadonlyArray<CapturedCall>): Uint8Array => {
  startChangeset()
  for (const call of calls) {
    const code = call[0] as number
    const { table, width } = layouts[code >> 3]!
    writeChange(table, (code & 3) as Kind, call, 1, width)
  }
  return finishChangeset()
}

const toRowChanges = (
  layouts: ReadonlyArray<TableLayout>,
  calls: ReadonlyArray<CapturedCall>,
): ReadonlyArray<RowChange> => {
  const changes: Array<RowChange> = []
  for (const call of calls) {
    const change = toRowChange(layouts, call)
    if (isChange(change)) changes.push(change)
  }
  return changes
}

const toRowChange = (layouts: ReadonlyArray<TableLayout>, call: CapturedCall): RowChange => {
  const code = call[0] as number
  const { table, width } = layouts[code >> 3]!
  const first: Row = call.slice(1, width + 1)
  switch (kinds[code & 3]!) {
    case 'insert':
      return { kind: 'insert', table, before: undefined, after: first }
    case 'update':
      return { kind: 'update', table, before: first, after: call.slice(width + 1) }
    case 'delete':
      return { kind: 'delete', table, before: first, after: undefined }
  }
}

/** An update that left everything as it was is no change: the changeset has none either. */
const isChange = (change: RowChange): boolean => change.kind !== 'update' || !isSameRow(change.before, change.after)

const triggerName = (number: number, kind: Kind): string => `temp.__headwater_capture_${number}_${kinds[kind]}`

const dropTriggersSql = (number: number): string =>
  kinds.map((_, kind) => `DROP TRIGGER IF EXISTS ${triggerName(number, kind as Kind)};`).join(' ')

const triggersSql = (layout: TableLayout, number: number): string => {
  const oldNames = layout.names.map((name) => `old.${name}`)
  const newNames = layout.names.map((name) => `new.${name}`)
  const values = [newNames, [...oldNames, ...newNames], oldNames]
  const create = (kind: Kind): string =>
    `CREATE TRIGGER ${triggerName(number, kind)} AFTER ${kinds[kind]} ON main.${quoteName(layout.table.name)}
     BEGIN ${callsSql(number * 8 + kind, values[kind]!)} END;`
  return `${dropTriggersSql(number)} ${create(0)} ${create(1)} ${create(2)}`
}

/** The code is written as REAL: an INTEGER would arrive as a bigint, which is dearer to make and to calculate with. */
const callsSql = (code: number, values: ReadonlyArray<string>): string => {
  const calls: Array<string> = []
  for (let index = 0; index < values.length; index += valuesPerCall) {
    const isLast = index + valuesPerCall >= values.length
    const some = values.slice(index, index + valuesPerCall).join(', ')
    calls.push(`SELECT ${functionName}(${code + (isLast ? 0 : 4)}.0, ${some});`)
  }
  return calls.join(' ')
}
