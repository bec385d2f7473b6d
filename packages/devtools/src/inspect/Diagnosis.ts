/**
 * What is wrong, in plain words: the first thing that somebody with a stuck sync wants to read.
 *
 * The first line is the verdict on sync; behind it come the things that need somebody's decision. Pure: statuses and
 * counts in, sentences out, for the panel and the terminal alike.
 */
import type { StoreStatus } from '@headwater/core'
import { ageText } from './TimeText.ts'

/** `error`: something waits for somebody; `warning`: look at it; `info`: it goes on by itself; `ok`. */
export type Severity = 'ok' | 'info' | 'warning' | 'error'

export interface Finding {
  readonly severity: Severity
  readonly title: string
  /** Why, and what is not lost by it. May be empty. */
  readonly detail: string
  /** What to do; `null` where there is nothing to do. */
  readonly advice: string | null
}

/** What a diagnosis is made of, for a store that is open. */
export interface LiveFacts {
  readonly status: StoreStatus
  /** `createdAt` of the oldest event of this client that the backend has not confirmed; `null` without one. */
  readonly oldestUnsettledAt: number | null
  readonly rejected: number
  readonly quarantined: number
  readonly now: number
}

/** An event that has waited longer than this while the backend answers is worth a look: a push takes a round trip. */
export const slowAfterMs = 10_000

/** **Shape**  the verdict on sync first, then what needs somebody, worst first. */
export const diagnose = (facts: LiveFacts): ReadonlyArray<Finding> => [
  verdictOf(facts),
  ...storageFindings(facts.status),
  ...rejectedFinding(facts.rejected),
  ...quarantinedFinding(facts.quarantined),
]

const verdictOf = (facts: LiveFacts): Finding => {
  const { status } = facts
  if (status.isClosed) return finding('info', 'The store is closed', 'What is shown is the last that was known.')
  return leaderVerdict(status) ?? backendVerdict(facts)
}

const leaderVerdict = ({ session, leader, outdatedBy, progress }: StoreStatus): Finding | undefined => {
  if (leader.connection === 'outdated')
    return finding(
      'error',
      `Outdated: a session with schema version ${outdatedBy} has this store open`,
      'Commits here are kept and pushed as events; what others change is not shown.',
      'Reload this tab, or start the new version of the app.',
    )
  if (leader.connection !== 'connected')
    return finding(
      leader.connection === 'lost' ? 'error' : 'warning',
      leader.connection === 'lost' ? 'The leader is gone' : 'Looking for a leader',
      `${inMemory(session.pending)} Another leader is found or started by itself.`,
      leader.connection === 'lost' ? 'Do not close this tab or process until the leader is back.' : null,
    )
  if (progress !== null)
    return finding(
      'info',
      `Catching up: ${progress.done} of ${progress.total} events`,
      'The log is read into the tables.',
    )
  return undefined
}

const inMemory = (pending: number): string =>
  pending === 0 ? 'Nothing waits.' : `${events(pending)} ${pending === 1 ? 'is' : 'are'} in this session’s memory only.`

const backendVerdict = (facts: LiveFacts): Finding => {
  const { backend } = facts.status
  const { error, connection } = backend
  const waiting = waitingText(facts)
  switch (connection) {
    case 'none':
      return finding('ok', 'A local store: no backend', 'Everything that is persisted is settled.')
    case 'stopped':
      return stoppedVerdict(facts, waiting)
    case 'unauthorized':
      return finding(
        'error',
        'The backend refuses the token',
        `${said(error)}${waiting}`,
        'Return a valid token from getToken; it is asked with every request, and sync goes on by itself.',
      )
    case 'connecting':
    case 'offline':
      return finding(
        'warning',
        connection === 'offline' ? 'Offline: the backend cannot be reached' : 'Connecting to the backend',
        `${said(error)}${waiting} It is tried again for ever.`,
        connection === 'offline' ? 'Check the address and the network; store.retrySync() tries at once.' : null,
      )
    case 'online':
      return onlineVerdict(facts, waiting)
  }
}

/** A sentence of what an error says, with a space behind it; nothing of none. */
const said = (error: StoreStatus['backend']['error']): string =>
  error === null || error.message === '' ? '' : `${error.message[0]!.toUpperCase()}${error.message.slice(1)}. `

const stoppedVerdict = ({ status: { backend } }: LiveFacts, waiting: string): Finding => {
  const { error } = backend
  const isHistory = error?.tag === 'HistoryChanged' || error?.tag === 'BackendReset'
  return finding(
    'error',
    `Sync has stopped: ${error?.tag ?? 'no reason was told'}`,
    `${said(error)}${waiting} Nothing was deleted, local work goes on.`,
    isHistory
      ? 'Decide: store.resolveHistory("re-push") offers this client’s events to the backend again, ("reset") takes the backend’s log as it is and answers with an export of this one.'
      : 'Correct what the message says, then store.retrySync() or start the app again.',
  )
}

const onlineVerdict = ({ status, oldestUnsettledAt, now }: LiveFacts, waiting: string): Finding => {
  const { backend, session } = status
  const pending = backend.pending + session.pending
  if (backend.error !== null)
    return finding(
      'warning',
      `The backend answers with failures: ${backend.error.tag}`,
      `${said(backend.error)}${waiting}`,
    )
  if (pending === 0) {
    if (status.isSynced)
      return finding('ok', 'Synced', 'Everything here is confirmed, everything the backend has is here.')
    return finding('info', 'Fetching what the backend has', 'Everything committed here is confirmed.')
  }
  const isSlow = oldestUnsettledAt !== null && now - oldestUnsettledAt > slowAfterMs
  return isSlow
    ? finding(
        'warning',
        `Slow: ${events(pending)} not confirmed`,
        `${waiting} The backend is online and reports no failure.`,
        'Look at the timeline: many rebases mean many writers; none mean that pushes do not get through.',
      )
    : finding('info', `${events(pending)} on the way`, waiting)
}

const waitingText = ({ status: { backend, session }, oldestUnsettledAt, now }: LiveFacts): string => {
  const pending = backend.pending + session.pending
  if (pending === 0) return 'Nothing waits to be pushed.'
  const since = oldestUnsettledAt === null ? '' : `, the oldest for ${ageText(now - oldestUnsettledAt)}`
  return `${events(pending)} ${pending === 1 ? 'waits' : 'wait'} for the backend${since}.`
}

const storageFindings = ({ storage }: StoreStatus): ReadonlyArray<Finding> => [
  ...(storage.kind === 'memory'
    ? [finding('warning', 'Kept in memory only', 'Nothing of this client is left when its leader ends.')]
    : []),
  ...storage.warnings.map(({ tag, message }) => finding('warning', `Storage: ${tag}`, message)),
]

/** Also for files: dead letters that nobody has dismissed. */
export const rejectedFinding = (count: number): ReadonlyArray<Finding> =>
  count === 0
    ? []
    : [
        finding(
          'error',
          `${events(count)} ${count === 1 ? 'was' : 'were'} refused`,
          'Their effect was rolled back; they are kept as dead letters.',
          'Retry them under a new id once the cause is gone, or discard them.',
        ),
      ]

/** Also for files. */
export const quarantinedFinding = (count: number): ReadonlyArray<Finding> =>
  count === 0
    ? []
    : [
        finding(
          'warning',
          `${events(count)} in quarantine`,
          'Their materializer failed on arrival: they are in the log without effect.',
          'A schema version whose materializer takes them applies them with its rebuild.',
        ),
      ]

/** `1 event`, `1,204 events`. */
export const events = (count: number): string => `${count.toLocaleString('en')} ${count === 1 ? 'event' : 'events'}`

export const finding = (severity: Severity, title: string, detail: string, advice: string | null = null): Finding => ({
  severity,
  title,
  detail,
  advice,
})
