import { measureBatches, measureCommits } from '../CommitLoop.ts'
import type { Workload } from '../Workload.ts'

const raw = async (capture: boolean) => (await import('./RawLoop.ts')).openRaw(capture)
const headwater = async () => (await import('./HeadwaterLoop.ts')).openHeadwater()

export const commitWorkload: Workload = {
  name: 'commit',
  about: 'single commits of one event with one live count query, in memory, until commit returns',
  sides: [
    { name: 'headwater', engine: 'better-sqlite3', run: async () => measureCommits(await headwater()) },
    { name: 'raw+capture', engine: 'better-sqlite3', run: async () => measureCommits(await raw(true)) },
    { name: 'raw', engine: 'better-sqlite3', run: async () => measureCommits(await raw(false)) },
  ],
  figures: [
    {
      name: 'median',
      unit: 'µs',
      about: 'median of 4,000 commits, the thread given back after every 200',
      comparisons: [
        { against: null, target: { of: 'median', is: '<=', value: 20 } },
        { against: 'raw+capture', target: { of: 'cost', is: '<=', value: 2 } },
        { against: 'raw' },
      ],
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
}

export const batchWorkload: Workload = {
  name: 'batch',
  about: 'commits of 100 events with one live count query, in memory, until commit returns; per event',
  sides: [
    { name: 'headwater', engine: 'better-sqlite3', run: async () => measureBatches(await headwater()) },
    { name: 'raw+capture', engine: 'better-sqlite3', run: async () => measureBatches(await raw(true)) },
    { name: 'raw', engine: 'better-sqlite3', run: async () => measureBatches(await raw(false)) },
  ],
  figures: [
    {
      name: 'median',
      unit: 'µs',
      about: 'an event, median of 200 batches',
      comparisons: [{ against: 'raw+capture', target: { of: 'cost', is: '<=', value: 1.8 } }, { against: 'raw' }],
    },
    { name: 'mean', unit: 'µs', about: 'an event, mean of 200 batches', comparisons: [{ against: 'raw+capture' }] },
  ],
}
