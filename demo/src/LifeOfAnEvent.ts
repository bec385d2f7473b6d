/**
 * The demo's first part: one commit, stopped after each of its five stages, with the rows that are really there.
 *
 * **Source**  spec section 3, whose table the checks repeat.
 */
import { join } from 'node:path'
import type { Checks } from './Checks.ts'
import { ClientProcess } from './ClientProcess.ts'
import type { DemoBackend } from './DemoBackend.ts'
import { type LeaderView, lookAtLeader } from './LeaderFiles.ts'
import type { SessionView, SyncStateView, TaskContract } from './TaskContract.ts'
import type { Terminal } from './Terminal.ts'

const program = new URL('./TaskClient.ts', import.meta.url)
const storeId = 'life'
/** Events that are settled before, so that the one to follow is `e42`, as in the spec. */
const before = 41

interface Stage {
  readonly title: string
  /** Lets the event go on to this stage, and no further. */
  readonly advance: (client: ClientProcess<TaskContract>) => Promise<unknown>
  readonly expected: ReadonlyArray<unknown>
}

/** **Shape** `expected`: session SyncState and changesets, leader SyncState, changesets and eventlog, `sync_status.head`, server's head. */
const stages: ReadonlyArray<Stage> = [
  {
    title: '1  commit: materialized in the session, before store.commit returns; held on the way to the leader',
    advance: async (client) => {
      await client.ask('commit', {
        writes: [{ event: 'taskRenamed', id: 'task 7', title: 'follow one event' }],
        waitsFor: 'nothing',
      })
      await client.ask('entered', 'toLeader')
    },
    expected: [
      'pending [e42] upstreamHead e41 localHead e42',
      ['e42'],
      'pending [] upstreamHead e41 localHead e41',
      [],
      [],
      41,
      41,
    ],
  },
  {
    title: '2  pushed to the leader: in its eventlog, on disk; its answer and its push to the backend are held',
    advance: async (client) => {
      await client.ask('release', 'toLeader')
      await client.ask('entered', 'toBackend')
    },
    expected: [
      'pending [e42] upstreamHead e41 localHead e42',
      ['e42'],
      'pending [e42] upstreamHead e41 localHead e42',
      ['e42'],
      ['e42'],
      41,
      41,
    ],
  },
  {
    title: '3  leader advance: the session has its own event back',
    advance: async (client) => {
      await client.ask('release', 'fromLeader')
      await client.ask('reach', { what: 'upstreamHead', global: before + 1 })
    },
    expected: [
      'pending [] upstreamHead e42 localHead e42',
      ['e42'],
      'pending [e42] upstreamHead e41 localHead e42',
      ['e42'],
      ['e42'],
      41,
      41,
    ],
  },
  {
    title: '4  pushed to the backend: durable there and acknowledged; the page that brings it back is held',
    advance: async (client) => {
      await client.ask('release', 'toBackend')
      await client.ask('entered', 'backendAnswer')
      await client.ask('release', 'backendAnswer')
      await client.ask('entered', 'page')
    },
    expected: [
      'pending [] upstreamHead e42 localHead e42',
      ['e42'],
      'pending [e42] upstreamHead e41 localHead e42',
      ['e42'],
      ['e42'],
      41,
      42,
    ],
  },
  {
    title: '5  pulled back: settled; nobody will ever roll it back, so its changesets are gone',
    advance: async (client) => {
      await client.ask('release', 'page')
      await client.ask('reach', { what: 'settledHead', global: before + 1 })
    },
    expected: [
      'pending [] upstreamHead e42 localHead e42',
      [],
      'pending [] upstreamHead e42 localHead e42',
      [],
      ['e42'],
      42,
      42,
    ],
  },
]

export interface LifeOptions {
  readonly folder: string
  readonly backend: DemoBackend
  readonly terminal: Terminal
  readonly checks: Checks
}

export const showLife = async ({ folder, backend, terminal, checks }: LifeOptions): Promise<void> => {
  const directory = join(folder, 'life')
  const client = new ClientProcess<TaskContract>(program, 'life')
  try {
    await client.ask('open', { storeId, directory, backend: backend.address })
    const writes = Array.from(
      { length: before },
      (_, index) => ({ event: 'taskAdded', id: `task ${index + 1}`, title: `task ${index + 1}` }) as const,
    )
    await client.ask('commit', { writes, waitsFor: 'confirmed' })
    await client.ask('reach', { what: 'settledHead', global: before })
    await client.ask('hold', ['toLeader', 'fromLeader', 'toBackend', 'backendAnswer', 'page'])
    terminal.line(
      `  session: main thread of process ${client.pid}, its database in memory; leader: a worker thread of it, its files read by this process, ${process.pid}`,
    )
    for (const stage of stages) {
      await stage.advance(client)
      const session = await client.ask('look', null)
      const leader = lookAtLeader(directory, storeId, before)
      const serverHead = (await backend.readLog(storeId)).length
      show(terminal, stage.title, session, leader, serverHead)
      checks.equal(
        `life of an event, stage ${stage.title.slice(0, stage.title.indexOf(':')).replace('  ', ', ')}`,
        seen(session, leader, serverHead),
        stage.expected,
      )
    }
    await client.ask('close', null)
    await client.ended
  } finally {
    await client.kill()
  }
}

const syncText = ({ pending, upstreamHead, localHead }: SyncStateView): string =>
  `pending [${pending.join(', ')}] upstreamHead ${upstreamHead} localHead ${localHead}`

const seen = (session: SessionView, leader: LeaderView, serverHead: number): ReadonlyArray<unknown> => [
  syncText(session.sync),
  session.changesets.map(({ position }) => position),
  syncText(leader.sync),
  leader.changesets.map(({ position }) => position),
  leader.eventlog.map(({ position }) => position),
  leader.syncStatus.head,
  serverHead,
]

const show = (
  terminal: Terminal,
  title: string,
  session: SessionView,
  leader: LeaderView,
  serverHead: number,
): void => {
  const { head, headEventId, backendId, epoch, term } = leader.syncStatus
  const none = terminal.dim('no row')
  terminal.line()
  terminal.line(`  ${terminal.strong(title)}`)
  const rows: Array<ReadonlyArray<string>> = [['database', 'what', 'rows']]
  rows.push(['session', 'SyncState', syncText(session.sync)])
  rows.push(['', '__headwater_session_changeset', session.changesets.map(changesetText).join('; ') || none])
  rows.push([
    '',
    'tasks',
    session.tasks
      .filter(({ id }) => id === 'task 7')
      .map((row) => JSON.stringify(row))
      .join(),
  ])
  rows.push(['leader', 'SyncState', syncText(leader.sync)])
  rows.push(['', '__headwater_session_changeset', leader.changesets.map(changesetText).join('; ') || none])
  rows.push([
    '',
    'eventlog, behind e41',
    leader.eventlog
      .map(({ position, eventId, name, argsJson }) => `${position} ${shortId(eventId)} ${name} ${argsJson}`)
      .join('; ') || none,
  ])
  rows.push([
    '',
    '__headwater_sync_status',
    `head ${head} (${shortId(headEventId ?? '')}) backendId ${shortId(backendId ?? '')} epoch ${epoch} term ${term}`,
  ])
  rows.push(['backend', 'head', String(serverHead)])
  terminal.table(rows)
}

const changesetText = ({
  position,
  eventId,
  bytes,
}: {
  readonly position: string
  readonly eventId: string
  readonly bytes: number
}): string => `${position} ${shortId(eventId)} ${bytes} bytes`

/** The random end of an id; its beginning is a time, much alike in all of them. */
const shortId = (id: string): string => `…${id.slice(-6)}`
