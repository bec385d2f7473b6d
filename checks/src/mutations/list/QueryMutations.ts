import type { Mutation } from '../Mutation.ts'

const core = 'packages/core/src'
const test = 'packages/core/test'
const aggregates = { file: `${test}/store/LiveAggregate.test.ts` }
const reactive = `${test}/store/Reactive.test.ts`
const kysely = `${test}/kysely/Kysely.test.ts`

/** Faults of aggregates, of live queries that fail, of signals and computeds, and of Kysely's types. */
export const queryMutations: ReadonlyArray<Mutation> = [
  {
    name: 'live-extreme-not-read-again',
    why: 'the highest score stays on the screen after it was taken back',
    file: `${core}/store/Extremes.ts`,
    find: `=== 0) ? read() : extreme`,
    replace: `=== 0) && come.length > 0 ? read() : extreme`,
    caughtBy: { ...aggregates, test: 'the smallest and the greatest value are read again' },
  },
  {
    name: 'live-extreme-read-for-every-row',
    why: 'each commit scans the table for the greatest value',
    file: `${core}/store/Extremes.ts`,
    find: `gone.some((value) => order(value, extreme) === 0)`,
    replace: `gone.length > 0`,
    caughtBy: { ...aggregates, test: 'the smallest and the greatest value are read again' },
  },
  {
    name: 'live-sum-keeps-what-was-changed',
    why: 'a total counts the old amount of a changed row, too',
    file: `${core}/store/LiveAggregate.ts`,
    find: `if (old !== null) gone.push(old)`,
    replace: `if (old !== null && next === null) gone.push(old)`,
    caughtBy: { ...aggregates, test: 'a sum and an average of integers' },
  },
  {
    name: 'live-sum-overflows-by-its-end-only',
    why: 'a live sum has an answer where the same query, asked afresh, fails',
    file: `${core}/store/Totals.ts`,
    find: `plus(sum, negative, -1) > int64Max`,
    replace: `sum > int64Max`,
    caughtBy: { file: `${test}/store/LiveAggregates.property.test.ts` },
  },
  {
    name: 'live-sum-of-reals-added-up',
    why: 'a total drifts away from what a reload shows, a cent at a time',
    file: `${core}/store/LiveAggregate.ts`,
    find: `if (isWindow || (codec.affinity === 'REAL' && !isExtreme)) return`,
    replace: `if (isWindow) return`,
    caughtBy: { ...aggregates, test: 'a sum of REALs' },
  },
  {
    name: 'integer-sum-rounded',
    why: 'a sum beyond 2^53 is wrong by a few instead of failing',
    file: `${core}/query/Aggregate.ts`,
    find: `value !== null && !Number.isSafeInteger(Number(value))`,
    replace: `typeof value === 'string'`,
    caughtBy: { file: `${test}/query/Aggregate.test.ts`, test: 'a sum that has no room fails' },
  },
  {
    name: 'nocase-extreme-as-the-plan-has-it',
    why: 'two devices show the smallest name in different case',
    file: `${core}/query/Aggregate.ts`,
    find: `, value COLLATE BINARY\${direction} LIMIT 1`,
    replace: ` LIMIT 1`,
    caughtBy: { file: `${test}/query/Aggregate.test.ts`, test: 'texts that differ in case only' },
  },
  {
    name: 'recovered-answer-not-told',
    why: 'an error stays on the screen after its cause is gone',
    file: `${core}/store/LiveQueries.ts`,
    find: `if (answer !== undefined || hasFailed) this`,
    replace: `if (answer !== undefined) this`,
    caughtBy: { ...aggregates, test: 'a sum that has no room any more' },
  },
  {
    name: 'failure-told-to-one-subscriber-only',
    why: 'a computed goes on with an answer that is not true any more',
    file: `${core}/store/LiveQueries.ts`,
    find: `if (onError !== undefined) this.#guarded(subscriber, () => onError(failure.error))`,
    replace: `if (onError !== undefined && subscriber === [...news.live.subscribers][0]) onError(failure.error)`,
    caughtBy: { ...aggregates, test: 'several that share a sum' },
  },
  {
    name: 'shown-query-keeps-its-answer-when-it-fails',
    why: 'a component shows an answer that is not true any more, and nobody is told',
    file: 'packages/react/src/StoreQueries.ts',
    find: `if (this.#failure !== undefined) throw this.#failure.error`,
    replace: ``,
    caughtBy: { file: 'packages/react/test/Failures.test.tsx', test: 'stops fitting its schema' },
  },
  {
    name: 'computed-runs-for-an-input-that-is-back',
    why: 'everything made from a query runs with each commit, whether it concerns it or not',
    file: `${core}/reactive/ComputedNode.ts`,
    find: `      if (node.stamp !== stamp) return true
    }
    return false`,
    replace: `      if (node.stamp !== stamp) return true
    }
    return true`,
    caughtBy: { file: reactive },
  },
  {
    name: 'computed-keeps-inputs-that-it-does-not-read-any-more',
    why: 'queries that nobody looks at stay live for ever',
    file: `${core}/reactive/ComputedNode.ts`,
    find: `if (!inputs.has(node)) removeObserver(node, this)`,
    replace: `if (inputs.size === 0) removeObserver(node, this)`,
    caughtBy: { file: reactive },
  },
  {
    name: 'live-query-believed-in-the-middle-of-a-refresh',
    why: 'a computed shows one query after a commit and another one before it',
    file: `${core}/reactive/QueryNode.ts`,
    find: `if (this.#live !== undefined && isSettled) return`,
    replace: `if (this.#live !== undefined) return`,
    caughtBy: { file: reactive },
  },
  {
    name: 'equal-answer-of-a-query-marks-its-computeds',
    why: 'computeds run although what they read is the same',
    file: `${core}/reactive/QueryNode.ts`,
    find: `if (before?.isOk === true && outcome.isOk && isSameValue(before.value, outcome.value)) return`,
    replace: ``,
    caughtBy: { file: reactive },
  },
  {
    name: 'subscribers-told-inside-a-refresh',
    why: 'one commit tells a subscriber of a computed twice, once of a state that never was',
    file: `${core}/reactive/ReactiveGraph.ts`,
    find: `if (this.#depth > 0 || this.running.length > 0) return`,
    replace: `if (this.running.length > 0) return`,
    caughtBy: { file: reactive },
  },
  {
    name: 'change-inside-a-computed-allowed',
    why: 'reading an answer commits events',
    file: `${core}/reactive/ReactiveGraph.ts`,
    find: `if (computed !== undefined) throw new ChangeInsideComputed(`,
    replace: `if (computed === null) throw new ChangeInsideComputed(`,
    caughtBy: { file: reactive, test: 'a computed may not change anything' },
  },
  {
    name: 'kysely-operators-without-parentheses',
    why: '(a + b) * c is read as a + b * c',
    file: `${core}/kysely/SchemaCompiler.ts`,
    find: `const isOperand = isOf(parent) || (parent`,
    replace: `const isOperand = (parent`,
    caughtBy: { file: kysely, test: 'literals, arithmetic, comparisons' },
  },
  {
    name: 'kysely-outer-join-not-nullable',
    why: 'a comparison with a row that an outer join did not find is null where its type says 0 or 1',
    file: `${core}/kysely/SelectColumns.ts`,
    find: `if (joinType === 'LeftJoin' || joinType === 'FullJoin')`,
    replace: `if (joinType === 'FullJoin')`,
    caughtBy: { file: kysely, test: 'what the type would be wrong about is refused' },
  },
  {
    name: 'kysely-maximum-of-nothing-let-through',
    why: 'max of no rows is null where its type says Date',
    file: `${core}/kysely/ExpressionValue.ts`,
    find: `return { kind, nulls: isEverEmpty && nulls !== 'typed' ? 'hidden' : nulls }`,
    replace: `return { kind, nulls }`,
    caughtBy: { file: kysely, test: 'what the type would be wrong about is refused' },
  },
  {
    name: 'kysely-union-by-name',
    why: 'a union whose parts list their columns in different orders mixes them up',
    file: `${core}/kysely/SelectColumns.ts`,
    find: `if (a.length !== b.length || a.some(({ name }, index) => name !== b[index]?.name))`,
    replace: `if (a.length !== b.length)`,
    caughtBy: { file: kysely, test: 'what the type would be wrong about is refused' },
  },
  {
    name: 'kysely-writes-let-through',
    why: 'a query changes tables behind the log',
    file: `${core}/kysely/SelectColumns.ts`,
    find: `const writes: ReadonlySet<string> = new Set(['InsertQueryNode', `,
    replace: `const writes: ReadonlySet<string> = new Set([`,
    caughtBy: { file: kysely, test: 'what writes, is executed by itself' },
  },
]
