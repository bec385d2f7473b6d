/** Ours in a page of a real Chromium beside Node: the same loops, leader in a worker, files on the disk. */
import type { Figure, RunSide, Side, Workload } from '../Workload.ts'
import type { Transport } from '../web/ChromiumSide.ts'
import type { LoopName } from '../web/PortableLoops.ts'

const inChromium =
  (loop: LoopName, transport?: Transport): RunSide =>
  async () =>
    (await import('../web/ChromiumSide.ts')).runInChromium(loop, transport)

const onNode =
  (loop: LoopName): RunSide =>
  async () =>
    (await import('../web/NodeSide.ts')).runOnNode(loop)

const chromiumSide = (run: RunSide): Side => ({ name: 'chromium', engine: 'wa-sqlite', run })
const nodeSide = (run: RunSide): Side => ({ name: 'node', engine: 'better-sqlite3', run })

const bothSides = (loop: LoopName): ReadonlyArray<Side> => [chromiumSide(inChromium(loop)), nodeSide(onNode(loop))]

const besideNode = (name: string, unit: Figure['unit'], about: string): Figure => ({
  name,
  unit,
  about,
  comparisons: [{ against: 'node' }],
})

export const webCommitWorkload: Workload = {
  name: 'web-commit',
  about: 'commits in a page with one live count query, leader in its worker, until commit returns',
  sides: bothSides('commit'),
  figures: [
    besideNode('median', 'µs', 'a commit of one event, median of 20 turns of 200'),
    besideNode('tight', 'µs', 'a commit of one event, mean of 10,000 in a tight loop'),
    besideNode('growth', '×', 'the last 1,000 of those 10,000 over the first 1,000'),
    besideNode('batch', 'µs', 'an event, mean of 200 commits of 100'),
  ],
}

export const webDurableWorkload: Workload = {
  name: 'web-durable',
  about: 'commit in a page until the eventlog in OPFS is flushed (persisted)',
  sides: bothSides('durable'),
  figures: [
    besideNode(
      'throughput',
      'events/s',
      '20,000 events in commits of 100, from the first commit until the last receipt is persisted',
    ),
    besideNode('lone', 'ms', 'one commit at rest until its receipt is persisted, median of 200'),
    besideNode('loneP99', 'ms', '99th percentile of the same'),
  ],
}

export const webSortedRowsWorkload: Workload = {
  name: 'web-sorted-rows',
  about: 'B1 in a page: update one row of a sorted live query over 100,000 rows until the subscriber has the result',
  sides: bothSides('sortedRows'),
  figures: [
    besideNode('renameChanges', 'ms', 'changes and the first 100 rows, the row keeps its place'),
    besideNode('moveChanges', 'ms', 'changes and the first 100 rows, the row moves to another place'),
    besideNode('renameArray', 'ms', 'the whole result as an array, the row keeps its place'),
    besideNode('moveArray', 'ms', 'the whole result as an array, the row moves to another place'),
  ],
}

export const webReactiveWorkload: Workload = {
  name: 'web-reactive',
  about:
    'B2 in a page: write five rows in one commit until the five dirty ones of 100 subscriptions of 10 kB each have theirs',
  sides: bothSides('reactive'),
  figures: [besideNode('p50', 'ms', 'median of 1,000 writes'), besideNode('p95', 'ms', '95th percentile of the same')],
}

export const webRebaseWorkload: Workload = {
  name: 'web-rebase',
  about:
    "B3 in a page: pending events replayed over upstream ones, from the arrival of the page until the app's live count has all of it; no network",
  sides: bothSides('rebase'),
  figures: [
    besideNode('1over1', 'ms', '1 pending over 1, median of 10'),
    besideNode('100over100', 'ms', '100 pending over 100, median of 5'),
    besideNode('1kover1k', 'ms', '1,000 pending over 1,000, median of 3'),
    besideNode('20kover1k', 'ms', '20,000 pending over 1,000'),
    besideNode(
      'growth',
      '×',
      'for an event that is undone, applied or replayed: 20,000 over 1,000 against 1,000 over 1,000',
    ),
  ],
}

const since = 'since the navigation, or the process, began'

/** createStore, and the same with all that comes before it. */
const coldFigures = (name: string, about: string): ReadonlyArray<Figure> => [
  besideNode(name, 'ms', about),
  besideNode(`${name}SinceStart`, 'ms', `the same, ${since}`),
]

export const webReopenWorkload: Workload = {
  name: 'web-reopen',
  about:
    'B4 in a page: every time a page in a tab of its own, or a process, is started, and its createStore runs until its first query has answered',
  sides: [
    chromiumSide(async () => (await import('../web/ChromiumSide.ts')).measureColdPages()),
    nodeSide(async () => (await import('../web/NodeSide.ts')).measureColdProcesses()),
  ],
  figures: [
    {
      name: 'first',
      unit: 'ms',
      about: 'an empty store, the first page that the browser has ever loaded',
      comparisons: [{ against: null }],
    },
    {
      name: 'firstSinceStart',
      unit: 'ms',
      about: 'the same, since the navigation began',
      comparisons: [{ against: null }],
    },
    ...coldFigures('empty', 'a store that is made, median of 5, as all that follow'),
    ...coldFigures('1k', '100,000 rows, a log of 1,000 confirmed events'),
    ...coldFigures('20k', '100,000 rows, a log of 20,000'),
    ...coldFigures('100k', '100,000 rows, a log of 100,000'),
    ...coldFigures('unsynced', '20,000 rows, 20,000 events that the backend, which is offline, has not got'),
  ],
}

const followSides: ReadonlyArray<Side> = [
  ...bothSides('follow').slice(0, 1),
  { name: 'chromium-relay', engine: 'wa-sqlite, relay', run: inChromium('follow', 'relay') },
  ...bothSides('follow').slice(1),
]

const followFigure = (name: string, about: string): Figure => ({
  name,
  unit: 'events/s',
  about,
  comparisons: [{ against: 'node' }, { side: 'chromium-relay', against: 'node' }],
})

export const webFollowWorkload: Workload = {
  name: 'web-follow',
  about:
    'B5 in a browser: a second tab, a process of its own, follows what the first commits, over a port or relayed where there is no SharedWorker',
  sides: followSides,
  figures: [
    followFigure(
      'throughput',
      '40,000 events in commits of 100, from the first commit until the live count of the second tab has all',
    ),
    followFigure(
      'catchUp',
      'the second tab stood still while the first committed as many: from there until it has them all',
    ),
  ],
}
