/**
 * What happened to a store since somebody watches, newest last: a bounded list, whatever the app does. Commits and advances
 * that follow each other closely are one entry; what a developer looks for, rebases and failures, has one each.
 */
import { formatPosition, type StepEvent, type StoreNotice, type StoreStatus, type StoreStep } from '@headwater/core'
import { events } from '../inspect/Diagnosis.ts'

export type TimelineKind =
  | 'commit'
  | 'advance'
  | 'rebase'
  | 'snapshot'
  | 'connection'
  | 'rejected'
  | 'reinstated'
  | 'quarantined'
  | 'stopped'
  | 'failure'

export interface TimelineEntry {
  /** Counts entries from the first. */
  readonly number: number
  /** Ms since 1970. */
  readonly at: number
  readonly kind: TimelineKind
  readonly title: string
  /** May quote what people wrote. */
  readonly text: string
  /** On the app's thread, of all the steps in it; `null` where nothing was measured. */
  readonly ms: number | null
  /** Of a rebase. */
  readonly rebase: TimelineRebase | null
}

/** A rebase with the first of its events. **Shape** lists oldest first, at most {@link listedMax} each. */
export interface TimelineRebase {
  readonly base: string
  readonly counts: {
    readonly undone: number
    readonly others: number
    readonly moved: number
    readonly dropped: number
  }
  /** Undone, and not there any more at another place: of another client's log, or refused. */
  readonly undone: ReadonlyArray<string>
  /** Came from upstream. */
  readonly others: ReadonlyArray<string>
  /** Own events, put on top again: `e42 → e44r1`. */
  readonly moved: ReadonlyArray<{ readonly name: string; readonly from: string; readonly to: string }>
}

/** As many as a screen shows. */
const listedMax = 20

/** Some minutes of a busy app: enough to see what led to something, little enough to be kept and drawn. */
export const entriesMax = 500

/** What follows within a second is one thing to whoever looks. */
const joinedWithinMs = 1000

/** Commits or advances that are one entry: counted as they come, put into words when somebody reads them. */
interface Joined {
  readonly kind: 'commit' | 'advance'
  readonly at: number
  steps: number
  events: number
  /** Of others, in an advance. */
  others: number
  ms: number
}

/** What of a status makes an entry when it changes. */
interface Seen {
  readonly leader: StoreStatus['leader']['connection']
  readonly term: number
  readonly backend: StoreStatus['backend']['connection']
  readonly error: string
  readonly isClosed: boolean
}

export class Timeline {
  #entries: Array<TimelineEntry> = []
  #count = 0
  /** The last entry, while it grows. */
  #joined: Joined | undefined
  #isWritten = true
  #seen: Seen | undefined

  /** Newest last. Another array after every change. */
  get entries(): ReadonlyArray<TimelineEntry> {
    this.#write()
    return this.#entries
  }

  /** The entries before it are forgotten. */
  get dropped(): number {
    return this.#count - this.#entries.length
  }

  step(step: StoreStep, at: number): void {
    switch (step._tag) {
      case 'commit':
        return this.#join('commit', at, step.ms, step.events.length, 0)
      case 'advance': {
        const own = new Set(step.confirmed.map(({ id }) => id))
        const others = step.added.filter(({ id }) => !own.has(id)).length
        return this.#join('advance', at, step.ms, step.confirmed.length, others)
      }
      case 'rebase':
        return this.#add({ at, kind: 'rebase', ms: step.ms, ...rebaseEntry(step) })
      case 'snapshot':
        return this.#add({
          at,
          kind: 'snapshot',
          title: `Snapshot at ${formatPosition(step.at)}`,
          text: step.replayed === 0 ? '' : `${events(step.replayed)} of this session put on top`,
          ms: step.ms,
          rebase: null,
        })
    }
  }

  notice(notice: StoreNotice, at: number): void {
    this.#add({ at, ms: null, rebase: null, ...noticeEntry(notice) })
  }

  /** Only what changes of the connections is an entry. */
  status({ leader, backend, isClosed }: StoreStatus, at: number): void {
    const error = backend.error === null ? '' : `${backend.error.tag}: ${backend.error.message}`
    const before = this.#seen
    const seen = { leader: leader.connection, term: leader.term, backend: backend.connection, error, isClosed }
    if (before !== undefined && Object.entries(before).every(([name, value]) => seen[name as keyof Seen] === value))
      return
    this.#seen = seen
    const who = before === undefined ? 'At first: leader' : before.term === seen.term ? 'Leader' : 'A new leader'
    const title = isClosed ? 'The store was closed' : `${who} ${leader.connection}, backend ${backend.connection}`
    this.#add({ at, kind: 'connection', title, text: error, ms: null, rebase: null })
  }

  #add(entry: Omit<TimelineEntry, 'number'>): void {
    this.#write()
    this.#joined = undefined
    this.#push(entry)
  }

  #push(entry: Omit<TimelineEntry, 'number'>): void {
    const kept = this.#entries.length >= entriesMax ? this.#entries.slice(1 - entriesMax) : this.#entries.slice()
    kept.push({ number: this.#count++, ...entry })
    this.#entries = kept
  }

  /** No more than some additions: a loop of commits comes through here. */
  #join(kind: Joined['kind'], at: number, ms: number, count: number, others: number): void {
    let joined = this.#joined
    if (joined === undefined || joined.kind !== kind || at - joined.at >= joinedWithinMs) {
      this.#write()
      joined = { kind, at, steps: 0, events: 0, others: 0, ms: 0 }
      this.#push(entryOf(joined))
      this.#joined = joined
    }
    joined.steps++
    joined.events += count
    joined.others += others
    joined.ms += ms
    this.#isWritten = false
  }

  #write(): void {
    if (this.#isWritten || this.#joined === undefined) return
    this.#isWritten = true
    const { number } = this.#entries.at(-1)!
    this.#entries = [...this.#entries.slice(0, -1), { number, ...entryOf(this.#joined) }]
  }
}

const entryOf = (joined: Joined): Omit<TimelineEntry, 'number'> => {
  const { kind, at, ms } = joined
  return { kind, at, ...(kind === 'commit' ? commitTexts(joined) : advanceTexts(joined)), ms, rebase: null }
}

const commitTexts = ({ steps, events: count }: Joined): { readonly title: string; readonly text: string } => ({
  title: `${events(count)} committed here`,
  text: steps === 1 ? '' : `${steps} commits`,
})

const advanceTexts = ({ events: own, others }: Joined): { readonly title: string; readonly text: string } => ({
  title: [own === 0 ? '' : `${events(own)} persisted`, others === 0 ? '' : `${events(others)} of others applied`]
    .filter((part) => part !== '')
    .join(', '),
  text: '',
})

const rebaseEntry = (
  step: Extract<StoreStep, { readonly _tag: 'rebase' }>,
): Pick<TimelineEntry, 'title' | 'text' | 'rebase'> => {
  const before = new Map(step.rolledBack.map((event) => [event.id, event]))
  const moved = step.added.filter(({ id }) => before.has(id))
  const movedIds = new Set(moved.map(({ id }) => id))
  const others = step.added.filter(({ id }) => !movedIds.has(id))
  const undone = step.rolledBack.filter(({ id }) => !movedIds.has(id))
  const counts = { undone: undone.length, others: others.length, moved: moved.length, dropped: step.dropped.length }
  const place = (event: StepEvent): string => `${formatPosition(event.position)} ${event.name ?? ''}`.trimEnd()
  return {
    title: `Rebased onto ${formatPosition(step.base)}`,
    text: [
      counts.others === 0 ? '' : `${events(counts.others)} of others went first`,
      counts.moved === 0 ? '' : `${events(counts.moved)} put on top again`,
      counts.dropped === 0 ? '' : `${events(counts.dropped)} left the log`,
    ]
      .filter((part) => part !== '')
      .join(', '),
    rebase: {
      base: formatPosition(step.base),
      counts,
      undone: undone.slice(0, listedMax).map(place),
      others: others.slice(0, listedMax).map(place),
      moved: moved.slice(0, listedMax).map((event) => ({
        name: event.name ?? '',
        from: formatPosition(before.get(event.id)!.position),
        to: formatPosition(event.position),
      })),
    },
  }
}

const noticeEntry = (notice: StoreNotice): Pick<TimelineEntry, 'kind' | 'title' | 'text'> => {
  switch (notice._tag) {
    case 'rejected': {
      const { event, reason, detail } = notice.refused
      return { kind: 'rejected', title: `${event.name} was refused (${reason})`, text: detail }
    }
    case 'reinstated':
      return { kind: 'reinstated', title: 'A refused event came back', text: notice.eventId }
    case 'quarantined':
      return { kind: 'quarantined', title: `${notice.name} is in quarantine`, text: notice.error }
    case 'stopped':
      return { kind: 'stopped', title: `Sync has stopped: ${notice.error.tag}`, text: notice.error.message }
    case 'failure':
      return { kind: 'failure', title: `The session recovered from ${notice.error.name}`, text: notice.error.message }
  }
}
