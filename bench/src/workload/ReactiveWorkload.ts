import { livestoreSide } from '../PeerProject.ts'
import { measureReactiveLoop } from '../ReactiveLoop.ts'
import type { Workload } from '../Workload.ts'
import { forBoth, oursOnBoth } from './BothEngines.ts'

export const reactiveWorkload: Workload = {
  name: 'reactive',
  about: 'B2: write five rows in one commit until the five dirty ones of 100 subscriptions of 10 kB each have theirs',
  sides: [
    ...oursOnBoth(async (adapter) => {
      const { openHeadwaterReactive } = await import('./HeadwaterReactive.ts')
      return measureReactiveLoop(openHeadwaterReactive(adapter))
    }),
    {
      name: 'raw+capture',
      engine: 'better-sqlite3',
      run: async () => measureReactiveLoop((await import('./RawReactive.ts')).openRawReactive),
    },
    livestoreSide('reactive'),
  ],
  figures: [
    {
      name: 'p50',
      unit: 'ms',
      about: 'median of 1,000 writes',
      comparisons: forBoth({ against: 'raw+capture' }, { against: 'livestore' }),
    },
    {
      name: 'p95',
      unit: 'ms',
      about: '95th percentile of the same',
      comparisons: forBoth(
        { against: null, target: { of: 'median', is: '<=', value: 1 } },
        { against: 'raw+capture' },
        { against: 'livestore' },
      ),
    },
  ],
}
