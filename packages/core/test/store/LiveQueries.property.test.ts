import { isDeepStrictEqual } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import type { Query } from '../../src/schema/Query.ts'
import type { ResultChange, ResultUpdate } from '../../src/store/ResultChange.ts'
import { InvalidColumnValue } from '../../src/schema/SchemaError.ts'
import { SqliteError } from '../../src/sqlite/SqliteError.ts'
import { makeRandom } from '../query/Random.ts'
import { makeWorld, type World } from './LiveWorld.ts'

/*
 * Goal: every answer of a live query is what a fresh SELECT answers, after whatever happened.
 * Method: random tables (every kind of column and of row identity, foreign keys with actions), random queries, random
 * commits (raw SQL that conflicts, replaces and cascades), rebases that undo and redo, snapshots. After each of them
 * every query is run afresh. `changes` are applied to the old rows; who is told of an equal answer, or twice, fails. A sum
 * that has no room fails live as it does afresh.
 */

let comparisons = 0
let rowsCompared = 0
let steps = 0
let told = 0
let failures = 0
const aggregates: Record<string, number> = {}
const changesByKind: Record<ResultChange<unknown>['kind'], number> = { insert: 0, remove: 0, update: 0, move: 0 }
afterAll(() => {
  const byKind = Object.entries(changesByKind).map(([kind, count]) => `live_${kind}=${count}`)
  console.log(
    `PROOF live_comparisons=${comparisons} live_rows_compared=${rowsCompared} live_steps=${steps} live_told=${told} ${byKind.join(' ')}`,
  )
  const names = Object.keys(aggregates).toSorted((a, b) => (a < b ? -1 : 1))
  const byAggregate = names.map((name) => `${name}=${aggregates[name]}`)
  console.log(
    `PROOF live_aggregate_comparisons=${Object.values(aggregates).reduce((a, b) => a + b, 0)} failures_compared=${failures} ${byAggregate.join(' ')}`,
  )
})

/** A subscriber of each form that remembers what it was told. */
class Watcher {
  readonly query: Query<unknown>
  readonly leave: () => void
  answer: unknown
  /** What it failed with last; `undefined` since it has an answer. */
  error: unknown
  times = 0

  constructor(world: World, query: Query<unknown>, asChanges: boolean) {
    this.query = query
    this.leave = asChanges
      ? world.live.subscribeChanges(query as Query<ReadonlyArray<unknown>>, (update) => this.#update(update))
      : world.live.subscribe(
          query,
          (answer) => this.#become(answer),
          (error) => {
            this.error = error
            this.times++
          },
        )
  }

  #become(answer: unknown): void {
    if (this.times > 0 && this.error === undefined && isDeepStrictEqual(answer, this.answer))
      throw new Error(`told of an equal answer: ${describeQuery(this.query)}`)
    this.answer = answer
    this.error = undefined
    this.times++
    told++
  }

  #update({ rows, changes }: ResultUpdate<unknown>): void {
    const before = this.answer as ReadonlyArray<unknown> | undefined
    if (before !== undefined) {
      checkIdentities(this.query, changes ?? [])
      const applied = applyChanges(before, changes ?? [])
      const isSame = applied.length === rows.length && applied.every((row, index) => row === rows.at(index))
      if (!isSame) throw new Error(`changes do not make the new rows: ${JSON.stringify(changes, printed)}`)
    }
    this.#become(rows.toArray())
  }
}

const printed = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value)

const applyChanges = (
  before: ReadonlyArray<unknown>,
  changes: ReadonlyArray<ResultChange<unknown>>,
): ReadonlyArray<unknown> => {
  const taken = new Set<number>()
  for (const change of changes) {
    changesByKind[change.kind]++
    if (change.kind === 'insert') continue
    const row = change.kind === 'remove' ? change.row : change.before
    if (before[change.from] !== row) throw new Error(`${change.kind} names another row than the one at ${change.from}`)
    if (change.kind === 'update' && isDeepStrictEqual(change.before, change.row))
      throw new Error('an equal row was updated')
    if (change.kind === 'move' && change.before !== change.row && isDeepStrictEqual(change.before, change.row))
      throw new Error('a moved row lost its identity')
    taken.add(change.from)
  }
  const rows = before.filter((_, index) => !taken.has(index))
  for (const change of changes) if (change.kind !== 'remove') rows.splice(change.to, 0, change.row)
  return rows
}

/** The id of a table that is identified by it. */
const checkIdentities = ({ source }: Query<unknown>, changes: ReadonlyArray<ResultChange<unknown>>): void => {
  const id = source?.table.columnByName.get('id')
  if (id === undefined || id.affinity !== 'INTEGER' || !source!.columns.includes('id')) return
  const idsOf = (kind: string): ReadonlyArray<unknown> =>
    changes.filter((change) => change.kind === kind).map(({ row }) => (row as { id: unknown }).id)
  const removed = new Set(idsOf('remove'))
  if (idsOf('insert').some((each) => removed.has(each))) throw new Error('a row that stayed was removed and inserted')
}

/** The fresh answer, or what it fails with. */
const attempt = (run: () => unknown): { readonly answer?: unknown; readonly error?: unknown } => {
  try {
    return { answer: run() }
  } catch (error) {
    // A sum that has no room.
    const isOverflow =
      error instanceof SqliteError ? error.detail === 'integer overflow' : error instanceof InvalidColumnValue
    if (!isOverflow) throw error
    return { error }
  }
}

/** Aggregate, kind, collation, whether of a window. */
const aggregateName = ({ shape, source }: Query<unknown>): string | undefined => {
  if (source === undefined || ['rows', 'first', 'count'].includes(shape)) return undefined
  const { kind, collation } = source.table.columnByName.get(source.columns[0]!)!.definition
  const isWindow = source.limit !== undefined || source.offset > 0
  return `${shape}_${collation === 'NOCASE' ? 'nocase' : kind}${isWindow ? '_window' : ''}`
}

const describeQuery = ({ sql, params, shape }: Query<unknown>): string =>
  `${shape} ${sql} ${JSON.stringify(params, printed)}`

const runSeed = (seed: number, stepCount: number): void => {
  const random = makeRandom(seed)
  const world = makeWorld(random)
  const watchers = new Set<Watcher>()
  const watch = (): void => {
    const query = random.int(8) === 0 && watchers.size > 0 ? random.pick([...watchers]).query : world.randomQuery()
    try {
      watchers.add(new Watcher(world, query, query.shape === 'rows' && random.int(2) === 0))
    } catch (error) {
      expect(error, `seed ${seed}: ${describeQuery(query)}`).toEqual(attempt(() => world.query(query)).error)
    }
  }
  for (let count = 0; count < 20; count++) watch()
  for (let step = 0; step < stepCount; step++) {
    if (random.int(3) === 0) watch()
    if (random.int(3) === 0 && watchers.size > 10) {
      const left = random.pick([...watchers])
      left.leave()
      watchers.delete(left)
    }
    for (const watcher of watchers) watcher.times = Math.min(watcher.times, 1)
    const kind = world.step()
    steps++
    for (const watcher of watchers) {
      const where = `seed ${seed}, step ${step}, ${kind}: ${describeQuery(watcher.query)}`
      expect(world.errors, where).toEqual([])
      const { answer: fresh, error } = attempt(() => world.query(watcher.query))
      const name = aggregateName(watcher.query)
      if (name !== undefined) aggregates[name] = (aggregates[name] ?? 0) + 1
      if (watcher.error !== undefined || error !== undefined) {
        expect(watcher.error, where).toEqual(error)
        failures++
        continue
      }
      if (!isDeepStrictEqual(watcher.answer, fresh)) expect(watcher.answer, where).toEqual(fresh)
      expect(isDeepStrictEqual(watcher.answer, fresh), where).toBe(true)
      expect(watcher.times, where).toBeLessThanOrEqual(2)
      comparisons++
      rowsCompared += Array.isArray(fresh) ? fresh.length : 1
    }
  }
  world.close()
}

describe('live answers equal fresh ones', () => {
  const first = Number(process.env['LIVE_SEED'] ?? 20261122)
  const count = Number(process.env['LIVE_SEEDS'] ?? 60)
  test.each(Array.from({ length: 4 }, (_, part) => part))('random worlds, part %i', (part) => {
    for (let index = part; index < count; index += 4) runSeed(first + index, 30)
  })
})
