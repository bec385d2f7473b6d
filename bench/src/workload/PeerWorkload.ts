import {
  type OpenPeerStore,
  measurePeerBatches,
  measurePeerCommits,
  measurePeerOthers,
  measurePeerTight,
  othersOpen,
} from '../PeerLoop.ts'
import { livestoreSide } from '../PeerProject.ts'
import type { Comparison, Figure, Measurement, Side, Target, Workload } from '../Workload.ts'
import type { Engine } from './CommitWorkload.ts'

/**
 * Ours beside LiveStore, in memory, in production mode, both with the leader in the app's thread. Ours also on the engine
 * that LiveStore has, so that the designs are compared and not only the engines.
 */
const sides = (
  run: string,
  measure: (open: OpenPeerStore) => Promise<Measurement>,
  options: { readonly isSlow?: true } = {},
): ReadonlyArray<Side> => {
  const ours = (name: string, engine: Engine): Side => ({
    name,
    engine,
    run: async () => measure((await import('./HeadwaterPeer.ts')).openHeadwaterPeer(engine)),
  })
  return [ours('headwater', 'better-sqlite3'), ours('headwater-wasm', 'wa-sqlite'), livestoreSide(run, options)]
}

/** A row for ours on native and one for ours on WebAssembly, each with its target. */
const against = (...targets: ReadonlyArray<Target>): ReadonlyArray<Comparison> =>
  [undefined, 'headwater-wasm'].map((side, i) => ({
    ...(side === undefined ? {} : { side }),
    against: 'livestore',
    ...(targets[i] === undefined ? {} : { target: targets[i] }),
  }))

const gain = (value: number): Target => ({ of: 'gain', is: '>=', value })
const cost = (value: number): Target => ({ of: 'cost', is: '<=', value })

export const peerCommitWorkload: Workload = {
  name: 'peer-commit',
  about: 'single commits of one event beside LiveStore, in memory, leader in the same thread',
  sides: sides('commit', measurePeerCommits),
  figures: [
    {
      name: 'median',
      unit: 'ms',
      about: 'until commit returns, with one live count query: median of 1,200, the thread given back after every 200',
      comparisons: against(gain(60), gain(40)),
    },
    { name: 'p99', unit: 'ms', about: '99th percentile of the same', comparisons: against() },
    {
      name: 'durable',
      unit: 'ms',
      about: 'a commit of the same, from the first until the leader has all of them',
      comparisons: against(),
    },
    {
      name: 'lone',
      unit: 'ms',
      about: 'one commit until the leader has it, nothing else going on: median of 50',
      comparisons: against(),
    },
    {
      name: 'unwatched',
      unit: 'ms',
      about: 'until commit returns, without any live query: median of 1,200',
      comparisons: against(),
    },
  ],
}

export const peerLiveWorkload: Workload = {
  name: 'peer-live',
  about: `single commits beside LiveStore with one live count query and ${othersOpen} live queries on other rows of the table`,
  sides: sides('live', measurePeerOthers),
  figures: [
    { name: 'median', unit: 'ms', about: 'until commit returns: median of 400', comparisons: against() },
    {
      name: 'slowdown',
      unit: '×',
      about: `the same over a commit without the ${othersOpen}`,
      comparisons: against(),
    },
  ],
}

const tightFigures = (count: string, ...targets: ReadonlyArray<Target>): ReadonlyArray<Figure> => [
  {
    name: 'returned',
    unit: 'ms',
    about: `a commit until it returns, mean of ${count}`,
    comparisons: against(...targets),
  },
  {
    name: 'durable',
    unit: 'ms',
    about: 'a commit, from the first until the leader has all of them',
    comparisons: against(),
  },
  { name: 'growth', unit: '×', about: 'median of the last tenth over that of the first', comparisons: against() },
]

export const peerTightWorkload: Workload = {
  name: 'peer-tight',
  about: '2,000 single commits in a tight loop beside LiveStore, with one live count query',
  sides: sides('tight', (open) => measurePeerTight(open, 2_000)),
  figures: tightFigures('2,000'),
}

export const peerTightLongWorkload: Workload = {
  name: 'peer-tight-10k',
  about: '10,000 single commits in a tight loop beside LiveStore, with one live count query (--full only)',
  sides: sides('tight-10k', (open) => measurePeerTight(open, 10_000), { isSlow: true }),
  figures: tightFigures('10,000', gain(400)),
}

export const peerBatchWorkload: Workload = {
  name: 'peer-batch',
  about: 'commits of 100 events beside LiveStore, with one live count query; per event',
  sides: sides('batch', measurePeerBatches),
  figures: [
    { name: 'median', unit: 'ms', about: 'until commit returns, median of 30', comparisons: against(gain(25)) },
    { name: 'durable', unit: 'ms', about: 'from the first until the leader has all', comparisons: against() },
  ],
}

const memorySide = (name: string, engine: Engine): Side => ({
  name,
  engine,
  run: async () => (await import('./HeadwaterMemory.ts')).measureHeadwaterMemory(engine),
})

export const peerMemoryWorkload: Workload = {
  name: 'peer-memory',
  about: 'memory of the whole process beside LiveStore, one live count query, everything committed is with the leader',
  sides: [
    memorySide('headwater', 'better-sqlite3'),
    memorySide('headwater-wasm', 'wa-sqlite'),
    livestoreSide('memory'),
  ],
  figures: [
    { name: 'early', unit: 'MB', about: 'resident after 100 commits', comparisons: against() },
    { name: 'resident', unit: 'MB', about: 'resident after 3,000 commits', comparisons: against(cost(1 / 4)) },
    { name: 'growth', unit: 'MB', about: 'the difference of the two', comparisons: against(cost(1 / 10)) },
    {
      name: 'heap',
      unit: 'MB',
      about: 'what JavaScript can reach after 3,000 commits and a collection',
      comparisons: against(),
    },
    { name: 'retained', unit: 'MB', about: 'how much of that came after the first 100', comparisons: against() },
  ],
}
