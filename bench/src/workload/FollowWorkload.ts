import { measureFollow } from '../FollowLoop.ts'
import { inScratchFolder, withScratchFolder } from '../ScratchFolder.ts'
import type { Workload } from '../Workload.ts'

export const followWorkload: Workload = {
  name: 'follow',
  about:
    'a second session of the same client, in a thread of its own, follows what the first commits; leader in a worker',
  sides: [
    {
      name: 'headwater',
      engine: 'better-sqlite3',
      run: async () => {
        const { openHeadwaterFollow } = await import('./HeadwaterFollow.ts')
        const { nodePlace } = await import('../NodePlace.ts')
        const { startThreadFollower } = await import('../ThreadFollower.ts')
        return withScratchFolder((folder) =>
          measureFollow(openHeadwaterFollow(nodePlace(folder), () => startThreadFollower(folder))),
        )
      },
    },
    {
      name: 'raw',
      engine: 'better-sqlite3',
      run: async () => inScratchFolder(measureFollow, (await import('./RawFollow.ts')).openRawFollow),
    },
  ],
  figures: [
    {
      name: 'throughput',
      unit: 'events/s',
      about:
        '40,000 events in commits of 100, from the first commit until the live count of the second session has all',
      comparisons: [{ against: null, target: { of: 'median', is: '>=', value: 50_000 } }, { against: 'raw' }],
    },
    {
      name: 'catchUp',
      unit: 'events/s',
      about: 'the second session stood still while the first committed as many: from there until it has them all',
      comparisons: [{ against: null, target: { of: 'median', is: '>=', value: 50_000 } }, { against: 'raw' }],
    },
  ],
}

export const secondSessionWorkload: Workload = {
  name: 'second-session',
  about: 'createStore beside an open session of the same client, 100,000 rows, until its first query has answered',
  sides: [
    {
      name: 'headwater',
      engine: 'better-sqlite3',
      run: async () => (await import('./HeadwaterReopen.ts')).measureHeadwaterSecond(),
    },
    { name: 'raw', engine: 'better-sqlite3', run: async () => (await import('./RawReopen.ts')).measureRawSecond() },
  ],
  figures: [
    {
      name: 'ready',
      unit: 'ms',
      about: 'median of 5; raw opens and copies the state file',
      comparisons: [{ against: 'raw' }],
    },
  ],
}
