/**
 * Applies changesets, forward or inverse, exactly or not at all.
 *
 * Changes are first applied one after another (an inverse: newest first), each to exactly the row that was recorded.
 * For almost every changeset that is all. It can fail for one that nobody tampered with, because changes are recorded in
 * the order of AFTER triggers (ChangesetCapture.ts) and, with foreign keys on, because actions fire again:
 *
 * | Foreign keys | A step is exact when                                     | Otherwise                                     |
 * | ------------ | -------------------------------------------------------- | --------------------------------------------- |
 * | off          | the row before is the recorded one, by SELECT            | take the steps back; compare every row with   |
 * |              |                                                          | its net state before, delete those that       |
 * |              |                                                          | change, insert them as they are after         |
 * | on           | the triggers report one change, the recorded one         | repair: set every row that the changeset or   |
 * |              |                                                          | an action touched to its state after, until   |
 * |              |                                                          | all have it                                   |
 *
 * With foreign keys on, an action that fires during an inverse touches rows of the changeset (a cascade that is undone
 * twice) or rows that the event left alone: those get back the state they had before this apply began. Either way every
 * recorded row was as recorded before, and is as recorded afterwards, and no other row changed; else the whole is refused
 * with `ChangesetInexact`. The net of a changeset: ChangesetNet.ts.
 *
 * Valid while: (1) a transaction is open, and its owner rolls it back when this throws; (2) with foreign keys off no
 * triggers of the schema fire; (3) with foreign keys on `capture` is installed on this connection. With them on, foreign
 * keys are checked at the end only (`defer_foreign_keys`); changing it back to OFF forgets the violations counted so far,
 * which is right exactly because the state afterwards is one that was checked before.
 */
import * as Data from 'effect/Data'
import type { TableDescriptor } from '../schema/SchemaDescriptor.ts'
import { decodeChangeset } from './Changeset.ts'
import type { CapturedCall, ChangesetCapture } from './ChangesetCapture.ts'
import { type NetChange, netChanges } from './ChangesetNet.ts'
import { type Row, type RowChange, invertChanges, isSameRow } from './RowChange.ts'
import { type RowStatements, makeRowStatements } from './RowStatements.ts'
import type { SqliteConnection } from './SqliteConnection.ts'
import { SqliteError } from './SqliteError.ts'
import type { TableLayout } from './TableLayout.ts'

/** The database is not in the state that the changeset continues; nothing is forced (spec section 6). */
export class ChangesetInexact extends Data.TaggedError('ChangesetInexact')<{
  readonly table: string
  /** Of the step, as applied: the inverse of an insert is a delete. */
  readonly kind: RowChange['kind']
  readonly detail: string
}> {
  override get message(): string {
    return `The changeset does not fit: ${this.kind} in ${this.table}: ${this.detail}`
  }
}

export type ChangesetApplierOptions =
  | { readonly foreignKeys: 'off'; readonly capture?: ChangesetCapture }
  | { readonly foreignKeys: 'on'; readonly capture: ChangesetCapture }

export interface ChangesetApplier {
  /** Undoes an event; returns the row changes that this made. **Fails with** `ChangesetInexact`, `ChangesetMalformed`, `SqliteError`. */
  readonly applyInverse: (bytes: Uint8Array) => ReadonlyArray<RowChange>
  /** Does what the event did; returns its row changes. **Fails with** as `applyInverse`. */
  readonly applyForward: (bytes: Uint8Array) => ReadonlyArray<RowChange>
  /** Around several calls: `defer_foreign_keys` is switched once. */
  readonly batch: <T>(run: () => T) => T
}

/**
 * One applier for one connection; the tables must exist when their first change comes. A `capture` that is passed
 * captures nothing of what is applied.
 */
export const makeChangesetApplier = (
  connection: SqliteConnection,
  tables: ReadonlyArray<TableDescriptor>,
  options: ChangesetApplierOptions,
): ChangesetApplier => {
  const statementsByTable = new Map<TableDescriptor, RowStatements>()
  const statementsOf = (table: TableDescriptor): RowStatements => {
    let statements = statementsByTable.get(table)
    if (statements === undefined) statementsByTable.set(table, (statements = makeRowStatements(connection, table)))
    return statements
  }
  const { capture } = options
  const apply =
    options.foreignKeys === 'on'
      ? (application: Application) => applyObserved(options.capture, statementsOf, application)
      : (application: Application) => applyStrictly(statementsOf, application)

  let isBatch = false
  const batch = <T>(run: () => T): T => {
    if (isBatch || options.foreignKeys === 'off') return run()
    isBatch = true
    connection.exec('PRAGMA defer_foreign_keys=ON')
    try {
      return run()
    } finally {
      isBatch = false
      connection.exec('PRAGMA defer_foreign_keys=OFF')
    }
  }
  const applyBytes = (bytes: Uint8Array, isInverse: boolean): ReadonlyArray<RowChange> => {
    if (bytes.length === 0) return []
    const changes = decodeChangeset(bytes, tables)
    const steps = isInverse ? invertChanges(changes) : changes
    if (capture === undefined) apply({ changes, steps, isInverse })
    else batch(() => capture.pauseWhile(() => apply({ changes, steps, isInverse })))
    return steps
  }
  return {
    applyInverse: (bytes) => applyBytes(bytes, true),
    applyForward: (bytes) => applyBytes(bytes, false),
    batch,
  }
}

type StatementsOf = (table: TableDescriptor) => RowStatements

interface Application {
  /** As captured. */
  readonly changes: ReadonlyArray<RowChange>
  /** What to do: the changes themselves, or those that undo them. */
  readonly steps: ReadonlyArray<RowChange>
  readonly isInverse: boolean
}

/** What each recorded row is before and after the application, or `undefined` if that cannot be told. */
const netOfApplication = (
  statementsOf: StatementsOf,
  { changes, isInverse }: Application,
): ReadonlyArray<readonly [identity: string, net: NetChange]> | undefined => {
  const net = netChanges(changes, (table) => statementsOf(table).layout)
  if ('ambiguous' in net) return undefined
  if (!isInverse) return [...net]
  return [...net].map(([identity, change]) => [identity, { ...change, before: change.after, after: change.before }])
}

// Foreign keys off

const applyStrictly = (statementsOf: StatementsOf, application: Application): void => {
  const { steps } = application
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index]!
    const failure = applyStep(statementsOf(step.table), step)
    if (failure === undefined) continue
    if (steps.length === 1) throw inexact(step, failure)
    for (const undo of invertChanges(steps.slice(0, index))) {
      const undoFailure = applyStep(statementsOf(undo.table), undo)
      if (undoFailure !== undefined)
        throw inexact(undo, `${undoFailure}, while taking back what came before: ${failure}`)
    }
    applyNet(statementsOf, application, inexact(step, failure))
    return
  }
}

/** What is not as recorded, or `undefined` after an exact step. */
const applyStep = (statements: RowStatements, step: RowChange): string | undefined => {
  if (step.before !== undefined) {
    const found = statements.find(step.before)
    if (found === undefined) return 'the row is missing'
    if (!isSameRow(found, step.before)) return 'the row is not the recorded one'
  }
  return attempt(() => statements.write(step))
}

/** Does `write`, which must change one row. A failure that is the machine's is thrown: it says nothing of the changeset. */
const attempt = (write: () => number): string | undefined => {
  try {
    const count = write()
    return count === 1 ? undefined : `${count} rows changed`
  } catch (error) {
    if (error instanceof SqliteError && !error.isEnvironment) return error.detail
    throw error
  }
}

const applyNet = (statementsOf: StatementsOf, application: Application, cause: ChangesetInexact): void => {
  const net = netOfApplication(statementsOf, application)
  if (net === undefined) throw cause
  const changed: Array<NetChange> = []
  for (const [, change] of net) {
    if (!isSame(statementsOf(change.layout.table).find(change.sample), change.before)) throw cause
    if (change.isChanged) changed.push(change)
  }
  for (const { layout, before } of changed) {
    if (before !== undefined && attempt(() => statementsOf(layout.table).remove(before)) !== undefined) throw cause
  }
  for (const { layout, after } of changed) {
    if (after !== undefined && attempt(() => statementsOf(layout.table).insert(after)) !== undefined) throw cause
  }
}

const isSame = (a: Row | undefined, b: Row | undefined): boolean =>
  a === undefined || b === undefined ? a === b : isSameRow(a, b)

const inexact = (step: RowChange, detail: string): ChangesetInexact =>
  new ChangesetInexact({ table: step.table.name, kind: step.kind, detail })

// Foreign keys on

/** Rounds of repair: each cascade that reaches back into rows already repaired costs one; 2 do for all that is known. */
const repairRounds = 8

const applyObserved = (capture: ChangesetCapture, statementsOf: StatementsOf, application: Application): void => {
  const calls: Array<CapturedCall> = []
  capture.observeWhile(calls, () => {
    let firstFailure: ChangesetInexact | undefined
    for (const step of application.steps) {
      const callsBefore = calls.length
      const failure =
        attempt(() => statementsOf(step.table).write(step)) ??
        (calls.length === callsBefore + 1 && isSameChange(capture.toRowChange(calls[callsBefore]!), step)
          ? undefined
          : 'the row is not the recorded one, or an action of a foreign key changed others')
      if (failure !== undefined) firstFailure ??= inexact(step, failure)
    }
    if (firstFailure !== undefined) repair(capture, statementsOf, application, calls, firstFailure)
  })
}

const isSameChange = (a: RowChange, b: RowChange): boolean =>
  a.kind === b.kind && a.table === b.table && isSame(a.before, b.before) && isSame(a.after, b.after)

/** A row as it has to be in the end. */
interface Goal {
  readonly layout: TableLayout
  readonly sample: Row
  readonly row: Row | undefined
}

const repair = (
  capture: ChangesetCapture,
  statementsOf: StatementsOf,
  application: Application,
  calls: ReadonlyArray<CapturedCall>,
  cause: ChangesetInexact,
): void => {
  const touchedSoFar = (): ReadonlyMap<string, NetChange> => {
    const touched = netChanges(calls.map(capture.toRowChange), (table) => statementsOf(table).layout)
    if ('ambiguous' in touched) throw cause
    return touched
  }
  const current = ({ layout, sample }: Goal | NetChange): Row | undefined => statementsOf(layout.table).find(sample)
  const goals = recordedGoals(netOfApplication(statementsOf, application), touchedSoFar(), current, cause)
  for (let round = 0; round < repairRounds; round++) {
    for (const [identity, { layout, sample, before, isChanged }] of touchedSoFar()) {
      if (isChanged && !goals.has(identity)) goals.set(identity, { layout, sample, row: before })
    }
    const wrong = [...goals.values()].filter((goal) => !isSame(current(goal), goal.row))
    if (wrong.length === 0) return
    // In place first, which fires the fewest actions; then out and in again, which no unique key can block.
    setRows(statementsOf, wrong, round === 0)
  }
  throw cause
}

/** The goals of the recorded rows, if all of them were as recorded when the application began. */
const recordedGoals = (
  recorded: ReturnType<typeof netOfApplication>,
  touched: ReadonlyMap<string, NetChange>,
  current: (change: NetChange) => Row | undefined,
  cause: ChangesetInexact,
): Map<string, Goal> => {
  const goals = new Map<string, Goal>()
  if (recorded === undefined) throw cause
  for (const [identity, change] of recorded) {
    const touchedChange = touched.get(identity)
    // What was not touched, or is as it was again, began as it is now: nothing is inferred.
    const initial = touchedChange?.isChanged === true ? touchedChange.before : current(change)
    if (!isSame(initial, change.before)) throw cause
    goals.set(identity, { layout: change.layout, sample: change.sample, row: change.after })
  }
  return goals
}

/** What fails here is found wrong, or right, by the next round. */
const setRows = (statementsOf: StatementsOf, goals: ReadonlyArray<Goal>, isInPlace: boolean): void => {
  for (const { layout, sample, row } of goals) {
    const statements = statementsOf(layout.table)
    // Not by key alone: a collation may call the key of another row equal.
    if ((row === undefined || !isInPlace) && statements.find(sample) !== undefined)
      attempt(() => statements.remove(sample))
  }
  for (const { layout, sample, row } of goals) {
    if (row === undefined) continue
    const statements = statementsOf(layout.table)
    const found = statements.find(sample)
    if (found === undefined) attempt(() => statements.insert(row))
    else attempt(() => statements.write({ kind: 'update', table: layout.table, before: found, after: row }))
  }
}
