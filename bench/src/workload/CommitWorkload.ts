import { measureBatches, measureCommits } from '../CommitLoop.ts'
import type { Comparison, Side, Workload } from '../Workload.ts'

/** What is under ours. Raw SQL is always better-sqlite3: what a program without Headwater would take on Node. */
export type Engine = 'better-sqlite3' | 'wa-sqlite'

const raw = async (capture: boolean) => (await import('./RawLoop.ts')).openRaw(capture)

/** Ours in memory, session and leader in one thread. */
export const openHeadwaterOn = async (engine: Engine) => {
  const { openHeadwater } = await import('./HeadwaterLoop.ts')
  return engine === 'better-sqlite3'
    ? openHeadwater((await import('@headwater/adapter-node')).memoryAdapter)
    : openHeadwater((await import('../WasmAdapter.ts')).wasmAdapter)
}

const sidesOf = (engine: Engine, measure: typeof measureCommits | typeof measureBatches): ReadonlyArray<Side> => [
  { name: 'headwater', engine, run: async () => measure(await openHeadwaterOn(engine)) },
  { name: 'raw+capture', engine: 'better-sqlite3', run: async () => measure(await raw(true)) },
  { name: 'raw', engine: 'better-sqlite3', run: async () => measure(await raw(false)) },
]

/** The targets against raw SQL are those of the native engine: on WebAssembly the rows say what the engine costs. */
const onNative = (engine: Engine, comparisons: ReadonlyArray<Comparison>): ReadonlyArray<Comparison> =>
  engine === 'better-sqlite3' ? comparisons : comparisons.map(({ against }) => ({ against }))

const suffix = (engine: Engine): string => (engine === 'better-sqlite3' ? '' : '-wasm')
const on = (engine: Engine): string => (engine === 'better-sqlite3' ? '' : ', on SQLite as WebAssembly')

const makeCommitWorkload = (engine: Engine): Workload => ({
  name: `commit${suffix(engine)}`,
  about: `single commits of one event with one live count query, in memory, until commit returns${on(engine)}`,
  sides: sidesOf(engine, measureCommits),
  figures: [
    {
      name: 'median',
      unit: 'µs',
      about: 'median of 4,000 commits, the thread given back after every 200',
      comparisons: onNative(engine, [
        { against: null, target: { of: 'median', is: '<=', value: 20 } },
        { against: 'raw+capture', target: { of: 'cost', is: '<=', value: 2 } },
        { against: 'raw' },
      ]),
    },
    { name: 'p99', unit: 'µs', about: '99th percentile of the same', comparisons: [{ against: 'raw+capture' }] },
    {
      name: 'tight',
      unit: 'µs',
      about: 'mean of 10,000 commits in a tight loop',
      comparisons: [{ against: 'raw+capture' }, { against: 'raw' }],
    },
    {
      name: 'growth',
      unit: '×',
      about: 'median of the last 1,000 of those 10,000 over that of the first 1,000',
      comparisons: [{ against: null, target: { of: 'median', is: '<=', value: 1.2 } }],
    },
  ],
})

const makeBatchWorkload = (engine: Engine): Workload => ({
  name: `batch${suffix(engine)}`,
  about: `commits of 100 events with one live count query, in memory, until commit returns; per event${on(engine)}`,
  sides: sidesOf(engine, measureBatches),
  figures: [
    {
      name: 'median',
      unit: 'µs',
      about: 'an event, median of 200 batches',
      comparisons: onNative(engine, [
        { against: 'raw+capture', target: { of: 'cost', is: '<=', value: 1.8 } },
        { against: 'raw' },
      ]),
    },
    { name: 'mean', unit: 'µs', about: 'an event, mean of 200 batches', comparisons: [{ against: 'raw+capture' }] },
  ],
})

export const commitWorkload: Workload = makeCommitWorkload('better-sqlite3')
export const commitWasmWorkload: Workload = makeCommitWorkload('wa-sqlite')
export const batchWorkload: Workload = makeBatchWorkload('better-sqlite3')
export const batchWasmWorkload: Workload = makeBatchWorkload('wa-sqlite')
