import type { Workload } from '../Workload.ts'

export const httpWorkload: Workload = {
  name: 'http',
  about:
    'push and pull through the real server: server and two clients in a process each, leaders in workers, all on disk',
  sides: [
    {
      name: 'headwater',
      engine: 'better-sqlite3',
      run: async () => (await import('./HeadwaterHttp.ts')).measureHeadwaterHttp(),
    },
    { name: 'raw', engine: 'better-sqlite3', run: async () => (await import('./RawHttp.ts')).measureRawHttp() },
  ],
  figures: [
    {
      name: 'throughput',
      unit: 'events/s',
      about: "30,000 events in commits of 100 at A, from the first commit until B's live query has them all",
      comparisons: [{ against: null, target: { of: 'median', is: '>=', value: 30_000 } }, { against: 'raw' }],
    },
    {
      name: 'lone',
      unit: 'ms',
      about: "one commit at rest until B's live query has it, median of 50",
      comparisons: [{ against: null, target: { of: 'median', is: '<=', value: 10 } }, { against: 'raw' }],
    },
    { name: 'loneP99', unit: 'ms', about: '99th percentile of the same', comparisons: [{ against: 'raw' }] },
  ],
}
