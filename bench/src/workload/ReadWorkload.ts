import { livestoreSide } from '../PeerProject.ts'
import { measureReads } from '../ReadLoop.ts'
import type { Figure, Workload } from '../Workload.ts'
import { forBoth, oursOnBoth } from './BothEngines.ts'

const figure = (name: string, about: string): Figure => ({
  name,
  unit: 'µs',
  about,
  comparisons: forBoth({ against: 'raw' }, { against: 'livestore' }),
})

export const readWorkload: Workload = {
  name: 'reads',
  about: 'queries of a table of 10,000 rows that nobody subscribes to, built for each call',
  sides: [
    ...oursOnBoth(async (adapter) => {
      const { openHeadwaterReads } = await import('./HeadwaterReads.ts')
      return measureReads(openHeadwaterReads(adapter))
    }),
    {
      name: 'raw',
      engine: 'better-sqlite3',
      run: async () => measureReads((await import('./RawReads.ts')).openRawReads),
    },
    livestoreSide('reads'),
  ],
  figures: [
    figure('point', 'one row by its id'),
    figure('list', 'a list of 1,000 rows, sorted'),
    figure('count', 'how many rows of a list there are from a position on'),
  ],
}
