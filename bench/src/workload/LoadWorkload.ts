import type { Comparison, Measurement, Side, Target, Workload } from '../Workload.ts'
import { rawGroup, youngFlag } from './LoadSizes.ts'

export const loadWorkload: Workload = {
  name: 'load',
  family: 'load',
  about:
    'batches of 100 events for 100 stores through HTTP into one server, durable before each answer; generator, server and PostgreSQL in processes of their own on the same cores',
  sides: [
    {
      name: 'sqlite',
      engine: 'better-sqlite3',
      run: async () => (await import('./HeadwaterLoad.ts')).measureLoad('sqlite'),
    },
    {
      name: 'postgres',
      engine: 'PostgreSQL',
      run: async () => (await import('./HeadwaterLoad.ts')).measureLoad('postgres'),
    },
    { name: 'raw', engine: 'PostgreSQL', run: async () => (await import('./RawLoad.ts')).measureRawLoad(1) },
    {
      name: 'raw-grouped',
      engine: 'PostgreSQL',
      run: async () => (await import('./RawLoad.ts')).measureRawLoad(rawGroup),
    },
  ],
  figures: [
    {
      name: 'appends',
      unit: 'events/s',
      about: `200,000 events, 100 connections; raw: the server's statement from a plain program on pg with 5 connections, a batch in each; raw-grouped: ${rawGroup} batches in each`,
      comparisons: [
        { against: null, target: { of: 'median', is: '>=', value: 30_000 } },
        { side: 'postgres', against: 'raw', target: { of: 'cost', is: '<=', value: 2 } },
        { side: 'postgres', against: 'raw-grouped', target: { of: 'cost', is: '<=', value: 2 } },
      ],
    },
    {
      name: 'pushP50',
      unit: 'ms',
      about: 'a push until its answer, with 100 under way all the time, median',
      comparisons: [{ against: null }, { side: 'postgres', against: null }],
    },
    {
      name: 'pushP99',
      unit: 'ms',
      about: '99th percentile of the same',
      comparisons: [{ against: null }, { side: 'postgres', against: null }],
    },
    {
      name: 'upPerByte',
      unit: '×',
      about: "bytes sent in these pushes, heads included, for each byte of the events' own JSON",
      comparisons: [{ against: null, target: { of: 'median', is: '<=', value: 1.5 } }],
    },
    {
      name: 'downPerByte',
      unit: '×',
      about: 'bytes received when a store is pulled, page by page, likewise',
      comparisons: [
        { against: null, target: { of: 'median', is: '<=', value: 1.5 } },
        { side: 'postgres', against: null, target: { of: 'median', is: '<=', value: 1.5 } },
      ],
    },
  ],
}

/** Both storages, SQLite with one server. */
const bothStorages = (
  run: (kind: 'sqlite' | 'postgres') => Promise<Measurement>,
  isSlow: boolean,
): ReadonlyArray<Side> => [
  { name: 'sqlite', engine: 'better-sqlite3', run: () => run('sqlite'), ...(isSlow ? { isSlow: true } : {}) },
  { name: 'postgres', engine: 'PostgreSQL', run: () => run('postgres'), ...(isSlow ? { isSlow: true } : {}) },
]

const bothRows = (target?: Target): ReadonlyArray<Comparison> => {
  const wanted = target === undefined ? {} : { target }
  return [
    { against: null, ...wanted },
    { side: 'postgres', against: null, ...wanted },
  ]
}

const atMost = (value: number): Target => ({ of: 'median', is: '<=', value })

export const lagWorkload: Workload = {
  name: 'load-lag',
  family: 'load',
  about:
    'the highest rate of writes to 100 stores that readers are told of within 2 s (99 of 100) and never fall behind, held for 5 s; on PostgreSQL through two servers (--full only)',
  sides: bothStorages(async (kind) => (await import('./LagLoad.ts')).measureLag(kind), true),
  figures: [
    {
      name: 'rate',
      unit: 'events/s',
      about: 'events of 256 bytes; a writer pushes what has come since its push before',
      comparisons: bothRows(),
    },
    {
      name: 'p50',
      unit: 'ms',
      about: 'from when an event was due until a reader has it, at that rate',
      comparisons: bothRows(),
    },
    { name: 'p99', unit: 'ms', about: '99th percentile of the same', comparisons: bothRows() },
  ],
}

export const storesWorkload: Workload = {
  name: 'load-stores',
  family: 'load',
  about: 'appends of one event of 256 bytes each through HTTP, each durable before its answer (--full only)',
  sides: bothStorages(async (kind) => (await import('./StoresLoad.ts')).measureStores(kind), true),
  figures: [
    { name: 'one', unit: 'appends/s', about: 'to one store: each waits for the one before', comparisons: bothRows() },
    { name: 'oneP50', unit: 'ms', about: 'until its answer', comparisons: bothRows() },
    { name: 'oneBatched', unit: 'appends/s', about: 'to one store, 100 events in each', comparisons: bothRows() },
    { name: 'thousand', unit: 'appends/s', about: 'to 1,000 stores over 100 connections', comparisons: bothRows() },
    { name: 'thousandP50', unit: 'ms', about: 'until its answer', comparisons: bothRows() },
    { name: 'hundredThousand', unit: 'appends/s', about: 'spread over 100,000 stores', comparisons: bothRows() },
    { name: 'hundredThousandP50', unit: 'ms', about: 'until its answer', comparisons: bothRows() },
  ],
}

export const liveWorkload: Workload = {
  name: 'load-live',
  family: 'load',
  about:
    '1,000 live pulls on one server, ten on each of 100 stores; on PostgreSQL the appends come through another server',
  sides: [
    ...bothStorages(async (kind) => (await import('./LiveLoad.ts')).measureLive(kind, []), false),
    ...bothStorages(async (kind) => (await import('./LiveLoad.ts')).measureLive(kind, [youngFlag]), false).map(
      ({ name, engine, run }) => ({ name: `${name}-young`, engine: `${engine}, young 8`, run }),
    ),
  ],
  figures: [
    {
      name: 'resident',
      unit: 'MB',
      about: `memory of the server that they are on, all that is mapped included, Node's own file too; \`young 8\`: under \`NODE_OPTIONS=${youngFlag}\``,
      comparisons: [
        ...bothRows(atMost(150)),
        { side: 'sqlite-young', against: null, target: atMost(150) },
        { side: 'postgres-young', against: null, target: atMost(150) },
      ],
    },
    {
      name: 'told',
      unit: 'messages',
      about: 'sent for an append to one store; it has ten readers',
      comparisons: bothRows(atMost(10)),
    },
    { name: 'toldMax', unit: 'messages', about: 'the most for one of the appends', comparisons: bothRows(atMost(10)) },
    {
      name: 'lag',
      unit: 'ms',
      about: 'from before the push until a reader has the event, median',
      comparisons: bothRows(),
    },
  ],
}

export const visibleWorkload: Workload = {
  name: 'load-visible',
  family: 'load',
  about:
    'one commit at rest until the live query of another client has it; on PostgreSQL each client has a server of its own',
  sides: bothStorages(async (kind) => (await import('./VisibleLoad.ts')).measureVisible(kind), false),
  figures: [
    { name: 'p50', unit: 'ms', about: 'median of 50', comparisons: bothRows(atMost(15)) },
    { name: 'p99', unit: 'ms', about: '99th percentile', comparisons: bothRows() },
  ],
}
