import { parsePosition, type StoreStatus } from '@headwater/core'
import { describe, expect, test } from 'vitest'
import { diagnose, type LiveFacts, slowAfterMs } from '../src/inspect/Diagnosis.ts'
import { ageText } from '../src/inspect/TimeText.ts'

const root = parsePosition('e0')!
const synced: StoreStatus = {
  session: { sessionId: 's', clientId: 'c', localHead: root, upstreamHead: root, settledHead: root, pending: 0 },
  leader: { connection: 'connected', term: 1, epoch: 0, attachment: 1, localHead: root, settledHead: root },
  backend: {
    connection: 'online',
    name: 'http',
    backendId: 'b',
    head: 0,
    pending: 0,
    error: null,
    lastContactAt: 0,
    isCaughtUp: true,
  },
  storage: { kind: 'files', warnings: [] },
  progress: null,
  isSynced: true,
  outdatedBy: null,
  isClosed: false,
}

interface Change {
  readonly session?: Partial<StoreStatus['session']>
  readonly leader?: Partial<StoreStatus['leader']>
  readonly backend?: Partial<StoreStatus['backend']>
  readonly rest?: Partial<StoreStatus>
  readonly facts?: Partial<Omit<LiveFacts, 'status'>>
}

const found = ({ session, leader, backend, rest, facts }: Change) =>
  diagnose({
    status: {
      ...synced,
      ...rest,
      session: { ...synced.session, ...session },
      leader: { ...synced.leader, ...leader },
      backend: { ...synced.backend, ...backend },
    },
    oldestUnsettledAt: null,
    rejected: 0,
    quarantined: 0,
    now: 1_000_000,
    ...facts,
  })

const error = (tag: string) => ({ tag, message: `${tag} was said` })

describe('the verdict on sync', () => {
  const verdict = (change: Change): string => {
    const [first] = found(change)
    return `${first!.severity}: ${first!.title}`
  }

  test.each<readonly [Change, string]>([
    [{}, 'ok: Synced'],
    [{ backend: { connection: 'none' } }, 'ok: A local store: no backend'],
    [{ rest: { isSynced: false } }, 'info: Fetching what the backend has'],
    [{ rest: { isClosed: true } }, 'info: The store is closed'],
    [{ leader: { connection: 'lost' } }, 'error: The leader is gone'],
    [{ leader: { connection: 'subscribing' } }, 'warning: Looking for a leader'],
    [
      { leader: { connection: 'outdated' }, rest: { outdatedBy: 3 } },
      'error: Outdated: a session with schema version 3 has this store open',
    ],
    [{ rest: { progress: { done: 5, total: 9 } } }, 'info: Catching up: 5 of 9 events'],
    [
      { backend: { connection: 'offline', error: error('Unreachable') } },
      'warning: Offline: the backend cannot be reached',
    ],
    [{ backend: { connection: 'connecting' } }, 'warning: Connecting to the backend'],
    [{ backend: { connection: 'unauthorized', error: error('Unauthorized') } }, 'error: The backend refuses the token'],
    [{ backend: { connection: 'stopped', error: error('HistoryChanged') } }, 'error: Sync has stopped: HistoryChanged'],
    [
      { backend: { pending: 2, error: error('RateLimited') } },
      'warning: The backend answers with failures: RateLimited',
    ],
    [
      { backend: { pending: 2 }, facts: { oldestUnsettledAt: 1_000_000 - slowAfterMs }, rest: { isSynced: false } },
      'info: 2 events on the way',
    ],
    [
      { backend: { pending: 1200 }, facts: { oldestUnsettledAt: 1_000_000 - slowAfterMs - 1 } },
      'warning: Slow: 1,200 events not confirmed',
    ],
  ])('%j', (change, expected) => {
    expect(verdict(change)).toBe(expected)
  })

  test('says how many wait, for how long, and what to do', () => {
    const [offline] = found({
      backend: { connection: 'offline', pending: 2, error: error('Unreachable') },
      session: { pending: 1 },
      facts: { oldestUnsettledAt: 1_000_000 - 250_000 },
    })
    expect(offline).toMatchObject({
      detail: 'Unreachable was said. 3 events wait for the backend, the oldest for 4 min. It is tried again for ever.',
      advice: expect.stringContaining('store.retrySync()'),
    })
    const [stopped] = found({ backend: { connection: 'stopped', error: error('BackendReset') } })
    expect(stopped?.advice).toContain('resolveHistory')
    const [protocol] = found({ backend: { connection: 'stopped', error: error('ProtocolError') } })
    expect(protocol?.advice).not.toContain('resolveHistory')
  })
})

test('what needs somebody follows: storage, refusals, quarantine', () => {
  const storage = { kind: 'memory' as const, warnings: [{ tag: 'NoOpfs', message: 'This browser has no OPFS.' }] }
  const titles = found({ rest: { storage }, facts: { rejected: 1, quarantined: 2 } }).map(({ title }) => title)
  expect(titles).toEqual([
    'Synced',
    'Kept in memory only',
    'Storage: NoOpfs',
    '1 event was refused',
    '2 events in quarantine',
  ])
})

test('ages are rounded down', () => {
  expect([0, 999, 1000, 59_999, 60_000, 3_599_999, 3_600_000, 90_000_000].map(ageText)).toEqual([
    'a moment',
    'a moment',
    '1 s',
    '59 s',
    '1 min',
    '59 min',
    '1 h',
    '1 d',
  ])
})
