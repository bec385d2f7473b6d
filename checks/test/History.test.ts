/**
 * The checker of `check:history` must be able to fail: one hand-made history per anomaly, each of which must be reported
 * as what it is and as nothing else; and one short round of real processes, which must be sound.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { ClientEnd, History, LoggedEntries, Operation, Violation } from '../src/history/History.ts'
import { checkHistory } from '../src/history/HistoryCheck.ts'
import { HistoryUsage, readHistoryOptions } from '../src/history/HistoryOptions.ts'
import { runHistory } from '../src/history/HistoryRun.ts'
import { commandOf, onePlan, roundNames, roundPlans } from '../src/history/Matrix.ts'
import type { Entry, Lists } from '../src/history/Workload.ts'

const empty: Lists = { a: [], b: [], c: [], d: [], e: [] }
const put = (list: string, value: string): Entry => ({ list, value })

/** Client 0 wrote one value and then a group of two, client 1 one value that was refused; everybody has everything. */
const x = put('a', '0.0.0:0/1')
const y1 = put('a', '0.0.1:0/2')
const y2 = put('b', '0.0.1:1/2')
const refused = put('a', '1.0.0!:0/1')
const log: ReadonlyArray<LoggedEntries> = [
  { global: 1, id: 'x', entries: [x] },
  { global: 2, id: 'y1', entries: [y1] },
  { global: 3, id: 'y2', entries: [y2] },
]
const lists: Lists = { ...empty, a: [x.value, y1.value], b: [y2.value] }

const write = (client: number, group: string, entries: ReadonlyArray<Entry>): ReadonlyArray<Operation> => [
  { client, life: 0, is: 'committing', group, entries },
  { client, life: 0, is: 'committed', group },
  { client, life: 0, is: 'persisted', group },
]
const read = (client: number, lists_: Lists, settled: number): Operation => ({
  client,
  life: 0,
  is: 'read',
  lists: lists_,
  settled,
})
const operations: ReadonlyArray<Operation> = [
  { client: 0, life: 0, is: 'opened' },
  { client: 1, life: 0, is: 'opened' },
  ...write(0, '0.0.0', [x]),
  ...write(1, '1.0.0!', [refused]),
  { client: 1, life: 0, is: 'rejected', group: '1.0.0!' },
  { client: 0, life: 0, is: 'confirmed', group: '0.0.0' },
  ...write(0, '0.0.1', [y1, y2]),
  { client: 0, life: 0, is: 'confirmed', group: '0.0.1' },
  read(0, lists, 3),
  read(1, lists, 3),
]
const values = [x.value, y1.value, y2.value]
const end = (client: number): ClientEnd => ({ client, idleAfterMs: 5, state: '', lists, quarantined: 0 })

const sound: History = {
  clients: 2,
  operations,
  serverSamples: [
    { step: 3, log: [] },
    { step: operations.length, log },
  ],
  clientSamples: [
    { client: 0, step: operations.length, logged: values, dead: [] },
    { client: 1, step: operations.length, logged: values, dead: [refused.value] },
  ],
  ends: [end(0), end(1)],
  processProblems: [],
}

/** The same with other reads at its end. */
const withReads = (...reads: ReadonlyArray<Operation>): History => ({
  ...sound,
  operations: [...operations.filter(({ is }) => is !== 'read'), ...reads],
})
const withLog = (changed: ReadonlyArray<LoggedEntries>, shown: Lists): History => ({
  ...sound,
  operations: operations.filter(({ is }) => is !== 'read'),
  serverSamples: [{ step: operations.length, log: changed }],
  clientSamples: sound.clientSamples.map((sample) => ({
    ...sample,
    logged: changed.flatMap(({ entries }) => entries.map(({ value }) => value)),
  })),
  ends: sound.ends.map((each) => ({ ...each, lists: shown })),
})
const kindsOf = (violations: ReadonlyArray<Violation>): ReadonlyArray<string> => [
  ...new Set(violations.map(({ kind }) => kind)),
]

/** One anomaly each; the last item names what cannot but follow from it. */
const anomalies: ReadonlyArray<
  readonly [kind: string, what: string, history: History, alongside?: string | undefined]
> = [
  [
    'lost',
    'a confirmed value is missing from the log',
    {
      ...withLog(log.slice(0, 2), { ...lists, b: [] }),
      clientSamples: [],
    },
  ],
  [
    'lost',
    'a confirmed value was missing from the log for a while',
    { ...sound, serverSamples: [{ step: 14, log: log.slice(0, 1) }, ...sound.serverSamples.slice(1)] },
  ],
  [
    'lost',
    'a persisted value was missing from the files after a kill',
    { ...sound, clientSamples: [{ client: 0, step: 12, logged: [], dead: [] }, ...sound.clientSamples] },
  ],
  [
    'duplicated',
    'an event is in the log twice',
    withLog([...log, { global: 4, id: 'x again', entries: [x] }], { ...lists, a: [...lists['a']!, x.value] }),
  ],
  ['torn', 'half of a group is seen', withReads(read(1, { ...lists, b: [] }, 2))],
  ['stale-read', 'an own write is not seen', withReads(read(0, { ...empty, a: [x.value] }, 1), read(0, lists, 3))],
  ['reordered', 'settled values have changed places', withReads(read(1, { ...lists, a: [y1.value, x.value] }, 3))],
  ['settled-changed', 'the settled prefix has shrunk', withReads(read(1, lists, 3), read(1, lists, 2))],
  ['settled-changed', 'a settled value has gone', withReads(read(1, { ...lists, a: [y1.value] }, 3))],
  [
    'settled-changed',
    "the server's log was another one",
    { ...sound, serverSamples: [{ step: 9, log: [{ ...log[0]!, id: 'z' }] }, ...sound.serverSamples.slice(1)] },
  ],
  [
    'refusal',
    'a refused value is seen elsewhere',
    withReads(read(0, { ...lists, a: [...lists['a']!, refused.value] }, 3)),
  ],
  ['refusal', 'a refused value comes back', withReads(read(1, { ...lists, a: [...lists['a']!, refused.value] }, 3))],
  [
    'refusal',
    'a refused value is not among the dead letters',
    {
      ...sound,
      clientSamples: sound.clientSamples.map((sample) => ({ ...sample, dead: [] })),
    },
    'lost',
  ],
  [
    'refusal',
    'a value that the server takes is among the dead letters',
    { ...sound, clientSamples: sound.clientSamples.map((sample) => ({ ...sample, dead: [refused.value, x.value] })) },
  ],
  [
    'refusal',
    'a refused value is in the log',
    withLog([...log, { global: 4, id: 'refused', entries: [refused] }], {
      ...lists,
      a: [...lists['a']!, refused.value],
    }),
  ],
  ['phantom', 'a value that nobody wrote', withReads(read(0, { ...lists, c: ['1.0.7:0/1'] }, 3))],
  [
    'diverged',
    'a client ends with other tables',
    { ...sound, ends: [end(0), { ...end(1), lists: { ...lists, a: [x.value] } }] },
  ],
  ['wedged', 'a client is not idle again', { ...sound, ends: [end(0), { ...end(1), idleAfterMs: null }] }],
  ['process', 'a process wrote to stderr', { ...sound, processProblems: ['client 1 wrote: (node:1) Warning'] }],
]

test('a sound history has no violation', () => {
  expect(checkHistory(sound)).toEqual([])
})

test.each(anomalies.map(([kind, what, history, alongside]) => ({ kind, what, history, alongside })))(
  '$kind: $what',
  ({ kind, history, alongside }) => {
    const kinds = kindsOf(checkHistory(history))
    expect(kinds).toContain(kind)
    expect(kinds.filter((other) => other !== alongside)).toEqual([kind])
  },
)

test('what is not persisted may go with its process, and what is may not', () => {
  const unpersisted = write(0, '0.0.5', [put('c', '0.0.5:0/1')]).slice(0, 2)
  const again: ReadonlyArray<Operation> = [
    { client: 0, life: 1, is: 'opened' },
    { ...read(0, lists, 3), life: 1 },
  ]
  expect(checkHistory(withReads(...unpersisted, ...again))).toEqual([])
  const persisted = write(0, '0.0.5', [put('c', '0.0.5:0/1')])
  expect(kindsOf(checkHistory(withReads(...persisted, ...again)))).toContain('stale-read')
})

test('every cell of the matrix has its turn; a round is repeated by its command', () => {
  const choice = { names: roundNames, clients: undefined, rate: undefined, seconds: undefined }
  const rounds = roundPlans(5, choice)
  const plans = Array.from({ length: 2 * roundNames.length }, () => rounds.next().value)
  expect(new Set(plans.map(({ name, clients }) => `${name} ${clients}`)).size).toBe(plans.length)
  for (const plan of plans) {
    const args = commandOf(plan).split(' ').slice(2)
    const options = readHistoryOptions(args, () => 0)
    expect(onePlan(options.seed, options)).toEqual(plan)
  }
})

test.each([
  [['--minutes', 'soon'], /--minutes takes a number above 0/],
  [['--minutes', '0'], /--minutes takes a number above 0/],
  [['--round', 'fire'], /no round "fire"/],
  [['--only', 'kill,fire'], /no round "fire"/],
  [['--round', 'kill+kill'], /no round "kill\+kill"/],
  [['--round', 'kill', '--minutes', '1'], /goes with neither/],
  [['--clients', '0'], /--clients takes a whole number from 1/],
  [['--seed', '1.5'], /--seed takes a whole number/],
  [['--speed', '3'], /--speed/],
])('a wrong flag is one clear line: %j', (args, message) => {
  expect(() => readHistoryOptions(args, () => 0)).toThrow(HistoryUsage)
  expect(() => readHistoryOptions(args, () => 0)).toThrow(message)
})

test('a wrong flag ends with status 2', () => {
  const main = fileURLToPath(new URL('../src/history/main.ts', import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, '--round', 'fire'], { encoding: 'utf8' })
  expect({ status, stdout, lines: stderr.trim().split('\n').length }).toEqual({ status: 2, stdout: '', lines: 1 })
})

/** With this one all clients are killed within three seconds, some twice, two while they are cut off. Others: `check:history`. */
const seed = Number(process.env['HEADWATER_SEED'] ?? 139)

test(
  `a short round of real processes, killed and partitioned, is sound (seed ${seed})`,
  { timeout: 120_000 },
  async () => {
    const plan = onePlan(seed, { names: ['kill+partition'], clients: 3, rate: 40, seconds: 3 })
    const results = await runHistory({ rounds: [plan], goesOn: () => true, keep: undefined, onRound: () => undefined })
    const [result] = results
    expect(result?.violations, commandOf(plan)).toEqual([])
    // Otherwise nothing was tried.
    expect(result?.faults).toBeGreaterThan(2)
    expect(result?.acknowledged).toBeGreaterThan(10)
    process.stdout.write(
      `PROOF history_smoke_faults=${result?.faults} history_smoke_acknowledged=${result?.acknowledged} history_smoke_reads=${result?.reads} seed=${seed}\n`,
    )
  },
)
