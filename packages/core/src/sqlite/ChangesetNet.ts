/**
 * What a list of row changes does to each row in the end, whatever their order. Needed only where the changes cannot be
 * taken one after another; see ChangesetApply.ts for when that is.
 *
 * Each change takes a row as it was (before) and puts one as it is (after). Along a row's real history these cancel out
 * but for the first state and the last, in any order of summation. Two things are not as plain:
 *
 * 1. With `UPDATE OR REPLACE`, a foreign-key action of a replaced row may change the very row that is being updated. The
 *    update then still reports the older state as its `before`: that state is taken once too often, and the one that
 *    the action left is never taken. So the last of several states taken cancels the earliest one that is left over.
 * 2. A row whose states all cancel out was either there all the time or never. It was never there if its identity was
 *    first *entered*, by an insert or a change of the key, rather than left.
 *
 * What does not come out as at most one state before and one after is ambiguous, and refused.
 */
import type { TableDescriptor } from '../schema/SchemaDescriptor.ts'
import type { Row, RowChange } from './RowChange.ts'
import type { SqliteValue } from './SqliteConnection.ts'
import { type TableLayout, hasSameKey } from './TableLayout.ts'

/** One identity: a rowid or primary key of a table. A change of the key concerns two. */
export interface NetChange {
  readonly layout: TableLayout
  /** Any row of this identity: for its key. */
  readonly sample: Row
  /** The row before all changes, `undefined` if there was none; `before` and `after` may be equal. */
  readonly before: Row | undefined
  readonly after: Row | undefined
  /** `false` when all states cancel out; which one `before` is was then inferred. */
  readonly isChanged: boolean
}

interface Balance {
  readonly layout: TableLayout
  readonly sample: Row
  /** The first row that was taken. */
  firstTaken: Row | undefined
  /** Whether the identity was first entered (1) or left (-1); changes within it do neither. */
  firstCrossing: 1 | -1 | undefined
  /** By text of the row: how often it was put minus how often it was taken. In order of first appearance. */
  readonly states: Map<string, { readonly row: Row; count: number }>
}

/**
 * Net changes by identity, or the table where one is ambiguous.
 *
 * **Shape**  `changes` in the order in which they were captured; for an inverse, exchange `before` and `after` of the result.
 */
export const netChanges = (
  changes: ReadonlyArray<RowChange>,
  layoutOf: (table: TableDescriptor) => TableLayout,
): ReadonlyMap<string, NetChange> | { readonly ambiguous: TableDescriptor } => {
  const balances = new Map<string, Balance>()
  for (const { table, before, after } of changes) {
    const layout = layoutOf(table)
    const isCrossing = before === undefined || after === undefined || !hasSameKey(layout, before, after)
    if (before !== undefined) count(balances, layout, before, -1, isCrossing)
    if (after !== undefined) count(balances, layout, after, 1, isCrossing)
  }
  const net = new Map<string, NetChange>()
  for (const [identity, balance] of balances) {
    const change = settle(balance)
    if (change === undefined) return { ambiguous: balance.layout.table }
    net.set(identity, change)
  }
  return net
}

const count = (
  balances: Map<string, Balance>,
  layout: TableLayout,
  row: Row,
  sign: 1 | -1,
  isCrossing: boolean,
): void => {
  const identity = identityOf(layout, row)
  let balance = balances.get(identity)
  if (balance === undefined) {
    balance = { layout, sample: row, firstTaken: undefined, firstCrossing: undefined, states: new Map() }
    balances.set(identity, balance)
  }
  if (sign < 0) balance.firstTaken ??= row
  if (isCrossing) balance.firstCrossing ??= sign
  const text = row.map(valueText).join()
  const state = balance.states.get(text)
  if (state === undefined) balance.states.set(text, { row, count: sign })
  else state.count += sign
}

const settle = ({ layout, sample, firstTaken, firstCrossing, states }: Balance): NetChange | undefined => {
  const taken: Array<Row> = []
  const put: Array<Row> = []
  for (const state of states.values()) {
    for (let times = state.count; times < 0; times++) taken.push(state.row)
    for (let times = state.count; times > 0; times--) put.push(state.row)
  }
  if (taken.length === 0 && put.length === 0) {
    const constant = firstCrossing === 1 ? undefined : firstTaken
    return { layout, sample, before: constant, after: constant, isChanged: false }
  }
  while (taken.length > 1 && put.length > 0) {
    taken.pop()
    put.shift()
  }
  if (taken.length > 1 || put.length > 1) return undefined
  return { layout, sample, before: taken[0], after: put[0], isChanged: true }
}

/** Table and key as text; different for keys that a collation or a comparison of numbers would call equal. */
const identityOf = (layout: TableLayout, row: Row): string =>
  `${layout.table.name}\0${layout.key.map((index) => valueText(row[index]!)).join()}`

const valueText = (value: SqliteValue): string => {
  if (value === null) return 'n'
  if (typeof value === 'bigint') return `i${value}`
  if (typeof value === 'number') return Object.is(value, -0) ? 'r-0' : `r${value}`
  return typeof value === 'string' ? `t${JSON.stringify(value)}` : `b${value.join(' ')}`
}
