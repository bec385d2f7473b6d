import path from 'node:path'
import { measureRebase } from '../RebaseLoop.ts'
import { inScratchFolder, withScratchFolder } from '../ScratchFolder.ts'
import type { Figure, Workload } from '../Workload.ts'

const againstRaw = { against: 'raw', target: { of: 'cost', is: '<=', value: 3 } } as const

const figuresOf = (size: string, words: string, hasTarget: boolean): ReadonlyArray<Figure> => [
  {
    name: size,
    unit: 'ms',
    about: `${words}: until the app's live count has all of it`,
    comparisons: [hasTarget ? againstRaw : { against: 'raw' }],
  },
  {
    name: `${size}Stored`,
    unit: 'ms',
    about: `${words}: until log and state on the disk have it, too`,
    comparisons: [hasTarget ? againstRaw : { against: 'raw' }],
  },
]

export const rebaseWorkload: Workload = {
  name: 'rebase',
  about: 'pending events replayed over upstream ones, from the arrival of the page; no network, leader in a worker',
  sides: [
    {
      name: 'headwater',
      engine: 'better-sqlite3',
      run: async () => {
        const { openHeadwaterRebase } = await import('./HeadwaterRebase.ts')
        const { nodePlace } = await import('../NodePlace.ts')
        const { watchStateFile } = await import('../StateFile.ts')
        return withScratchFolder((folder) =>
          measureRebase(openHeadwaterRebase(nodePlace(folder), () => watchStateFile(path.join(folder, 'bench')))),
        )
      },
    },
    {
      name: 'raw',
      engine: 'better-sqlite3',
      run: async () => inScratchFolder(measureRebase, (await import('./RawRebase.ts')).openRawRebase),
    },
  ],
  figures: [
    ...figuresOf('1over1', '1 pending over 1, median of 10', false),
    ...figuresOf('100over100', '100 pending over 100, median of 5', false),
    ...figuresOf('1kover1k', '1,000 pending over 1,000, median of 3', true),
    ...figuresOf('20kover1k', '20,000 pending over 1,000', true),
    {
      name: 'growth',
      unit: '×',
      about:
        'time until shown for an event that is undone, applied or replayed: 20,000 over 1,000 against 1,000 over 1,000',
      comparisons: [{ against: null, target: { of: 'median', is: '<=', value: 1.2 } }, { against: 'raw' }],
    },
  ],
}
