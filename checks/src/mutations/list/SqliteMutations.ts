import type { Mutation } from '../Mutation.ts'

const sqlite = 'packages/core/src/sqlite'
const test = 'packages/core/test/sqlite'

/** Faults of changesets, of the statement guard, of predicates and live queries. */
export const sqliteMutations: ReadonlyArray<Mutation> = [
  {
    name: 'inverse-changeset-oldest-first',
    why: 'an event that writes one row twice is undone to its own middle',
    file: `${sqlite}/RowChange.ts`,
    find: `for (let index = changes.length - 1; index >= 0; index--) inverted`,
    replace: `for (let index = 0; index < changes.length; index++) inverted`,
    caughtBy: { file: `${test}/ChangesetApply.test.ts`, test: 'undo, apply elsewhere, undo there' },
  },
  {
    name: 'changeset-captured-without-the-old-row',
    why: 'no update can be undone: every rebase starts over',
    file: `${sqlite}/ChangesetCapture.ts`,
    find: `[newNames, [...oldNames, ...newNames], oldNames]`,
    replace: `[newNames, [...newNames, ...newNames], oldNames]`,
    caughtBy: { file: `${test}/ChangesetCapture.test.ts` },
  },
  {
    name: 'replaced-rows-not-captured',
    why: 'rows that REPLACE deleted do not come back when it is undone',
    file: `${sqlite}/ChangesetCapture.ts`,
    find: `PRAGMA recursive_triggers=ON;`,
    replace: `PRAGMA recursive_triggers=OFF;`,
    caughtBy: { file: `${test}/ChangesetCapture.test.ts` },
  },
  {
    name: 'storage-class-lost',
    why: '1 and 1.0 count as the same row: devices differ in typeof() and in division',
    file: `${sqlite}/RowChange.ts`,
    find: `  return a instanceof Uint8Array && b instanceof Uint8Array && isSameBytes(a, b)
}

/** {@link`,
    replace: `  if (typeof a === 'bigint' && typeof b === 'number') return Number(a) === b
  if (typeof a === 'number' && typeof b === 'bigint') return a === Number(b)
  return a instanceof Uint8Array && b instanceof Uint8Array && isSameBytes(a, b)
}

/** {@link`,
    caughtBy: { file: 'packages/core/test/sqlite/ChangesetApply.test.ts', test: 'undo, apply elsewhere, undo there' },
  },
  {
    name: 'integers-above-2-to-53-rounded',
    why: 'large ids change by one when an event is undone',
    file: `${sqlite}/ChangesetBytes.ts`,
    find: `view.setBigInt64(length + 1, value, true)`,
    replace: `view.setBigInt64(length + 1, BigInt.asIntN(64, BigInt(rounded)), true)`,
    caughtBy: { file: `${test}/Changeset.test.ts` },
  },
  {
    name: 'inexact-changeset-forced',
    why: 'a rollback overwrites rows that it does not know, and nobody hears of it',
    file: `${sqlite}/ChangesetApply.ts`,
    find: `if (!isSameRow(found, step.before)) return 'the row is not the recorded one'`,
    replace: `if (found.length !== step.before.length) return 'the row is not the recorded one'`,
    caughtBy: { file: `${test}/ChangesetApply.test.ts`, test: 'undo, apply elsewhere, undo there' },
  },
  {
    name: 'transaction-control-let-through',
    why: 'a materializer can COMMIT in the middle of an event: half of it can never be undone',
    file: `${sqlite}/StatementGuard.ts`,
    find: `'update', 'delete'])`,
    replace: `'update', 'delete', 'commit', 'rollback', 'savepoint', 'release', 'begin', 'end'])`,
    caughtBy: { file: `${test}/StatementGuard.test.ts` },
  },
  {
    name: 'non-deterministic-function-let-through',
    why: 'random() and now() give every device another table',
    file: `${sqlite}/StatementGuard.ts`,
    find: `    refuseIf(nonDeterminism(program.functions, tokens))\n`,
    replace: ``,
    caughtBy: { file: `${test}/StatementGuard.test.ts` },
  },
  {
    name: 'full-disk-taken-for-the-statement',
    why: 'an unknown failure of the machine counts as the fault of an event, which is skipped',
    file: `${sqlite}/SqliteError.ts`,
    find: `['SQLITE_FULL', 'Full'],`,
    replace: `['SQLITE_FULL', 'TooBig'],`,
    caughtBy: { file: 'packages/adapter-node/test/SqliteConnection.test.ts' },
  },
  {
    name: 'null-compared-as-a-value',
    why: 'live counts include rows that the query does not',
    file: 'packages/core/src/query/Predicate.ts',
    find: `(value === null || operand === null ? null : test(`,
    replace: `(operand === null ? null : test(`,
    caughtBy: { file: 'packages/core/test/query/Predicate.test.ts' },
  },
  {
    name: 'live-count-counts-a-commit-twice',
    why: 'a counter on the screen is one too high until it is subscribed to again',
    file: 'packages/core/src/store/LiveNews.ts',
    find: `if (subscriber.since >= news.step) continue`,
    replace: `if (subscriber.since > news.step) continue`,
    caughtBy: { file: 'packages/core/test/store/LiveQueries.test.ts' },
  },
  {
    name: 'live-window-not-read-again',
    why: 'the last page of a list stays short although there are more rows',
    file: 'packages/core/src/store/LiveRows.ts',
    find: `if (!this.#isWindowHeld()) this.#refill(replaced, left)`,
    replace: `if (left.length < 0) this.#refill(replaced, left)`,
    caughtBy: { file: 'packages/core/test/store/LiveQueries.test.ts' },
  },
  {
    name: 'live-rows-before-a-page-not-counted',
    why: 'the second page of a list shows rows of the first after somebody inserted',
    file: 'packages/core/src/store/LiveRows.ts',
    find: `      if (isSkipped(stored)) skipped++`,
    replace: ``,
    caughtBy: { file: 'packages/core/test/store/LiveQueries.property.test.ts' },
  },
  {
    name: 'live-ties-in-no-order',
    why: 'rows that sort equal stand in another order than after a reload',
    file: 'packages/core/src/store/RowLayout.ts',
    find: `order(a, b) || compareValues(`,
    replace: `order(a, b) || 0 * compareValues(`,
    caughtBy: { file: 'packages/core/test/store/LiveQueries.property.test.ts' },
  },
  {
    name: 'live-equality-looks-at-the-new-row-only',
    why: 'a row that was moved to another list stays on the screen of its old one',
    file: 'packages/core/src/store/QueryIndex.ts',
    find: `  if (before !== undefined) for (const query of before) note(touched, query, row)`,
    replace: ``,
    caughtBy: { file: 'packages/core/test/store/LiveQueries.property.test.ts' },
  },
  {
    name: 'live-sql-forgets-columns-of-an-index',
    why: 'a list made with raw SQL does not change when what it is filtered by does',
    file: 'packages/core/src/sqlite/StatementReads.ts',
    find: `always: isPlain ? indexed.map(String) : undefined`,
    replace: `always: isPlain ? [] : undefined`,
    caughtBy: { file: 'packages/core/test/sqlite/StatementReads.test.ts' },
  },
]
