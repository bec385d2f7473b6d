import { measureDurable } from '../DurableLoop.ts'
import { inScratchFolder, withScratchFolder } from '../ScratchFolder.ts'
import type { Workload } from '../Workload.ts'

export const durableWorkload: Workload = {
  name: 'durable',
  about: 'commit until durable in the leader: persisted, leader in a worker thread, eventlog synchronous=FULL',
  sides: [
    {
      name: 'headwater',
      engine: 'better-sqlite3',
      run: async () => {
        const { openHeadwaterDurable } = await import('./HeadwaterDurable.ts')
        const { nodePlace } = await import('../NodePlace.ts')
        return withScratchFolder((folder) => measureDurable(openHeadwaterDurable(nodePlace(folder))))
      },
    },
    {
      name: 'raw',
      engine: 'better-sqlite3',
      run: async () => inScratchFolder(measureDurable, (await import('./RawDurable.ts')).openRawDurable),
    },
  ],
  figures: [
    {
      name: 'throughput',
      unit: 'events/s',
      about: '20,000 events in commits of 100, from the first commit until the last receipt is persisted',
      comparisons: [{ against: null, target: { of: 'median', is: '>=', value: 50_000 } }, { against: 'raw' }],
    },
    {
      name: 'lone',
      unit: 'ms',
      about: 'one commit at rest until its receipt is persisted, median of 200',
      comparisons: [{ against: null, target: { of: 'median', is: '<=', value: 1 } }, { against: 'raw' }],
    },
    { name: 'loneP99', unit: 'ms', about: '99th percentile of the same', comparisons: [{ against: 'raw' }] },
  ],
}
