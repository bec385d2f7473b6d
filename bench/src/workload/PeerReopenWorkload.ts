import { livestoreSide } from '../PeerProject.ts'
import { measurePeerReopen } from '../PeerReopenLoop.ts'
import type { Workload } from '../Workload.ts'

const makeReopenWorkload = (name: string, count: number, options: { readonly isSlow?: true } = {}): Workload => ({
  name,
  about: `createStore on the files of a store with ${count.toLocaleString('en')} events that no backend has, beside LiveStore${options.isSlow === true ? ' (--full only)' : ''}`,
  sides: [
    {
      name: 'headwater',
      engine: 'better-sqlite3',
      run: async () => {
        const { openHeadwaterFiles } = await import('./HeadwaterFiles.ts')
        return measurePeerReopen(await openHeadwaterFiles(), count)
      },
    },
    livestoreSide(name, options),
  ],
  figures: [
    {
      name: 'ready',
      unit: 'ms',
      about: 'until a live count query has its first value, opened once by the process that wrote them',
      comparisons: [{ against: 'livestore' }],
    },
    {
      name: 'written',
      unit: 'ms',
      about: 'an event of those, written in commits of 100, until the leader has them on disk, 1,000 at a time',
      comparisons: [{ against: 'livestore' }],
    },
  ],
})

export const peerReopenWorkload: Workload = makeReopenWorkload('peer-reopen', 2_000)
export const peerReopenLongWorkload: Workload = makeReopenWorkload('peer-reopen-20k', 20_000, { isSlow: true })
