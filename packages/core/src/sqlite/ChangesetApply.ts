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
 * twice) or rows that the event left alone: those get back the state they had before this apply began. What the repair
 * leaves is always the recorded state of every recorded row and the unchanged state of every other one. So a row that
 * was tampered with is either restored or the whole is refused with `ChangesetInexact`, never left different.
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
      ? (steps: ReadonlyArray<RowChange>) => applyObserved(options.capture, statementsOf, steps)
      : (steps: ReadonlyArray<RowChange>) => applyStrictly(statementsOf, steps)

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
  const applySteps = (steps: ReadonlyArray<RowChange>): ReadonlyArray<RowChange> => {
    if (steps.length === 0) return steps
    if (capture === undefined) apply(steps)
    else batch(() => capture.pauseWhile(() => apply(steps)))
    return steps
  }
  return {
    applyInverse: (bytes) => applySteps(invertChanges(decodeChangeset(bytes, tables))),
    applyForward: (bytes) => applySteps(decodeChangeset(bytes, tables)),
    batch,
  }
}

type StatementsOf = (table: TableDescriptor) => RowStatements

// Foreign keys off

const applyStrictly = (statementsOf: StatementsOf, steps: ReadonlyArray<RowChange>): void => {
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index]!
    const failure = applyStep(statementsOf(step.table), step)
    if (failure === undefined) continue
    if (steps.length === 1) throw inexact(step, failure)
    for (const undo of invertChanges(steps.slice(0, index))) {
      const undoFailure = applyStep(statementsOf(undo.table), undo)
      if (undoFailure !== undefined) throw inexact(undo, `${undoFailure}, while taking back what came before: ${failure}`)
    }
    applyNet(statementsOf, steps, inexact(step, failure))
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

const applyNet = (statementsOf: StatementsOf, steps: ReadonlyArray<RowChange>, cause: ChangesetInexact): void => {
  ;((globalThis as any).slow??={n:0,r:0}).n++
  const net = netChanges(steps, (table) => statementsOf(table).layout)
  if ('ambiguous' in net) throw cause
  const changed: Array<NetChange> = []
  for (const change of net.values()) {
    const found = statementsOf(change.layout.table).find(change.sample)
    if (!isSame(found, change.before)) throw cause
    if (!isSame(change.before, change.after)) changed.push(change)
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

const applyObserved = (capture: ChangesetCapture, statementsOf: StatementsOf, steps: ReadonlyArray<RowChange>): void => {
  const calls: Array<CapturedCall> = []
  capture.observeWhile(calls, () => {
    let firstFailure: ChangesetInexact | undefined
    for (const step of steps) {
      const callsBefore = calls.length
      const failure =
        attempt(() => statementsOf(step.table).write(step)) ??
        (calls.length === callsBefore + 1 && isSameChange(capture.toRowChange(calls[callsBefore]!), step)
          ? undefined
          : 'the row is not the recorded one, or an action of a foreign key changed others')
      if (failure !== undefined) firstFailure ??= inexact(step, failure)
    }
    if (firstFailure !== undefined) repair(capture, statementsOf, steps, calls, firstFailure)
  })
}

const isSameChange = (a: RowChange, b: RowChange): boolean =>
  a.kind === b.kind && a.table === b.table && isSame(a.before, b.before) && isSame(a.after, b.after)

interface Goal {
  readonly layout: TableLayout
  readonly sample: Row
  readonly row: Row | undefined
}

const repair = (
  capture: ChangesetCapture,
  statementsOf: StatementsOf,
  steps: ReadonlyArray<RowChange>,
  calls: ReadonlyArray<CapturedCall>,
  cause: ChangesetInexact,
): void => {
  const layoutOf = (table: TableDescriptor): TableLayout => statementsOf(table).layout
  ;((globalThis as any).slow??={n:0,r:0}).r++
  const goals = new Map<string, Goal>()
  const recorded = netChanges(steps, layoutOf)
  if ('ambiguous' in recorded) throw cause
  for (const [identity, { layout, sample, after }] of recorded) goals.set(identity, { layout, sample, row: after })
  for (let round = 0; round < repairRounds; round++) {
    const touched = netChanges(calls.map(capture.toRowChange), layoutOf)
    if ('ambiguous' in touched) throw cause
    for (const [identity, { layout, sample, before }] of touched) {
      if (!goals.has(identity)) goals.set(identity, { layout, sample, row: before })
    }
    const wrong = [...goals.values()].filter(({ layout, sample, row }) => {
      return !isSame(statementsOf(layout.table).find(sample), row)
    })
    if (wrong.length === 0) return
    // In place first, which fires the fewest actions; then out and in again, which no unique key can block.
    setRows(statementsOf, wrong, round === 0); (globalThis as any).slow['round'+round]=((globalThis as any).slow['round'+round]??0)+1
  }
  throw cause
}

/** What fails here is found wrong, or right, by the next round. */
const setRows = (statementsOf: StatementsOf, goals: ReadonlyArray<Goal>, isInPlace: boolean): void => {
  for (const { layout, sample, row } of goals) {
    const statements = statementsOf(layout.table)
    // Not by key alone: a collation may call the key of another row equal.
    if ((row === undefined || !isInPlace) && statements.find(sample) !== undefined) attempt(() => statements.remove(sample))
  }
  for (const { layout, sample, row } of goals) {
    if (row === undefined) continue
    const statements = statementsOf(layout.table)
    const found = statements.find(sample)
    if (found === undefined) attempt(() => statements.insert(row))
    else attempt(() => statements.write({ kind: 'update', table: layout.table, before: found, after: row }))
  }
}
