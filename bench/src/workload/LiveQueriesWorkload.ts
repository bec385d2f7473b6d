import { measureLiveQueries } from '../LiveQueriesLoop.ts'
import { livestoreSide } from '../PeerProject.ts'
import type { Figure, Workload } from '../Workload.ts'
import { forBoth, oursOnBoth } from './BothEngines.ts'

/** It reads 500 lists again for some commits. */
const rawCounts = { turns: 4, commits: 50 }

const phase = (name: string, about: string): Figure => ({
  name,
  unit: 'µs',
  about: `median commit with ${about}`,
  comparisons: forBoth({ against: 'raw+capture' }, { against: 'livestore' }),
})

export const liveQueriesWorkload: Workload = {
  name: 'live-queries',
  about: 'single commits that update one row, with live queries on the same table, until subscribers are told',
  sides: [
    ...oursOnBoth(async (adapter) => {
      const { openHeadwaterLiveQueries } = await import('./HeadwaterLiveQueries.ts')
      return measureLiveQueries(openHeadwaterLiveQueries(adapter))
    }),
    {
      name: 'raw+capture',
      engine: 'better-sqlite3',
      run: async () => measureLiveQueries((await import('./RawLiveQueries.ts')).openRawLiveQueries, rawCounts),
    },
    livestoreSide('live-queries'),
  ],
  figures: [
    phase('none', 'no live query'),
    phase('other1', 'a live query of another list'),
    phase('other50', '50 live queries, each of another list'),
    phase('other500', '500 live queries, each of another list'),
    {
      name: 'otherCost',
      unit: '×',
      about: 'with those 500 over the commit without a live query',
      comparisons: forBoth({ against: null, target: { of: 'median', is: '<=', value: 1.1 } }),
    },
    phase('same1', 'a live query of the list that the row is in'),
    phase('same50', '50 different live queries of the list that the row is in, all told'),
    phase('same500', '500 of them, all told'),
    phase('arbitrary500', '500 live queries without an equality, which the row is not in'),
    {
      name: 'arbitraryEach',
      unit: 'µs',
      about: 'what each of those adds to the commit without a live query',
      comparisons: forBoth({ against: null, target: { of: 'median', is: '<=', value: 0.05 } }),
    },
  ],
}
