/**
 * Tells what happens to a store while its app runs, from its files alone: each look reads what is behind the last one, in
 * a transaction of its own, so that it never keeps SQLite from folding the WAL back into the database.
 *
 * Within an epoch the log only grows. After another one, what was told and was not settled is compared by (position, id)
 * with what is there now, and the lowest difference is where the log was rolled back to.
 */
import { existsSync, statSync } from 'node:fs'
import type { StoreFolder } from '@headwater/adapter-node'
import { comparePositions, type Position, type QuarantinedEvent, type RejectedRow } from '@headwater/core'
import { EventlogFile, type FileEvent } from './EventlogFile.ts'
import { StateFile } from './StateFile.ts'

/** One thing that happened. */
export type LogChange =
  | { readonly _tag: 'event'; readonly event: FileEvent }
  /** Everything behind `to` was taken back: `count` of the events that were told. */
  | { readonly _tag: 'rollback'; readonly to: Position; readonly count: number }
  | { readonly _tag: 'settled'; readonly head: Position }
  | { readonly _tag: 'rejected'; readonly row: RejectedRow }
  | { readonly _tag: 'quarantined'; readonly row: QuarantinedEvent }
  /** The files are gone, or another log is in their place: what follows is told from its beginning. */
  | { readonly _tag: 'replaced' }

const root: Position = { global: 0, client: 0 }

/** An event that was told, and may be taken back. */
interface ToldEvent {
  readonly position: Position
  readonly id: string
}

const rowsPerRead = 500

export class LogFollower {
  readonly #folder: StoreFolder
  #seen = ''
  #epoch = -1
  #clientId = ''
  /** Unsettled ones that were told, oldest first; the last settled one is `#settled`. */
  #told: Array<ToldEvent> = []
  #settled: Position = root
  readonly #newest: number
  readonly #lost = new Set<string>()

  /** The first look tells of the last `newest` events. */
  constructor(folder: StoreFolder, newest: number) {
    this.#folder = folder
    this.#newest = newest
  }

  /** What has happened since the last look. **Fails with** as `EventlogFile`. */
  look(): ReadonlyArray<LogChange> {
    const { eventlog, state } = this.#paths()
    if (eventlog === null) return this.#gone()
    const stamp = stampOf([eventlog, `${eventlog}-wal`, ...(state === null ? [] : [state, `${state}-wal`])])
    if (stamp === this.#seen) return []
    const file = new EventlogFile(eventlog)
    try {
      const changes = [...this.#logChanges(file), ...this.#rejectedChanges(file), ...quarantinedIn(state, this.#lost)]
      // What is written while it is read has another stamp.
      this.#seen = stamp
      return changes
    } finally {
      file.close()
    }
  }

  #paths(): { readonly eventlog: string | null; readonly state: string | null } {
    const there = (path: string | null): string | null => (path !== null && existsSync(path) ? path : null)
    return { eventlog: there(this.#folder.eventlog), state: there(this.#folder.state) }
  }

  #gone(): ReadonlyArray<LogChange> {
    if (this.#epoch === -1) return []
    this.#reset()
    return [{ _tag: 'replaced' }]
  }

  #reset(): void {
    this.#epoch = -1
    this.#told = []
    this.#settled = root
    this.#seen = ''
    this.#lost.clear()
  }

  #logChanges(file: EventlogFile): ReadonlyArray<LogChange> {
    const changes: Array<LogChange> = []
    const { epoch, clientId } = file
    if (this.#epoch !== -1 && (clientId !== this.#clientId || epoch < this.#epoch)) {
      this.#reset()
      changes.push({ _tag: 'replaced' })
    }
    if (this.#epoch === -1) this.#start(file)
    else if (epoch !== this.#epoch) changes.push(...this.#rollbackIn(file))
    this.#epoch = epoch
    this.#clientId = clientId
    changes.push(...this.#read(file).map((event) => ({ _tag: 'event' as const, event })), ...this.#settledIn(file))
    return changes
  }

  /** What is unsettled and older than what is told of is known all the same: it may be rolled back. */
  #start(file: EventlogFile): void {
    const newest = file.events({ limit: this.#newest + 1 })
    const first = newest.length > this.#newest ? newest[0]!.position : root
    const { settledHead } = file
    this.#settled = comparePositions(first, settledHead) < 0 ? first : settledHead
    this.#read(file, first)
  }

  /** Events behind what was read, up to `last`. */
  #read(file: EventlogFile, last: Position = { global: Infinity, client: 0 }): ReadonlyArray<FileEvent> {
    const read: Array<FileEvent> = []
    for (;;) {
      const rows = file.page(this.#told.at(-1)?.position ?? this.#settled, rowsPerRead)
      const wanted = rows.filter(({ position }) => comparePositions(position, last) <= 0)
      for (const event of wanted) {
        this.#told.push({ position: event.position, id: event.id })
        read.push(event)
      }
      if (wanted.length < rowsPerRead) return read
    }
  }

  #rollbackIn(file: EventlogFile): ReadonlyArray<LogChange> {
    const same = this.#told.findIndex(({ position, id }) => file.idAt(position) !== id)
    if (same === -1) return []
    const count = this.#told.length - same
    this.#told.length = same
    return [{ _tag: 'rollback', to: this.#told.at(-1)?.position ?? this.#settled, count }]
  }

  /** Told once for all that has settled; what came settled says so itself. */
  #settledIn(file: EventlogFile): ReadonlyArray<LogChange> {
    const unsettled = this.#told.findIndex(({ position }) => comparePositions(position, file.settledHead) > 0)
    const gone = this.#told.splice(0, unsettled === -1 ? this.#told.length : unsettled)
    const last = gone.at(-1)
    if (last === undefined) return []
    this.#settled = last.position
    return [{ _tag: 'settled', head: last.position }]
  }

  #rejectedChanges(file: EventlogFile): ReadonlyArray<LogChange> {
    return file.rejected().flatMap((row): ReadonlyArray<LogChange> => {
      if (this.#lost.has(row.event.id) || row.isDismissed) return []
      this.#lost.add(row.event.id)
      return [{ _tag: 'rejected', row }]
    })
  }
}

const quarantinedIn = (state: string | null, known: Set<string>): ReadonlyArray<LogChange> => {
  if (state === null) return []
  const file = new StateFile(state)
  try {
    return file.quarantined().flatMap((row): ReadonlyArray<LogChange> => {
      if (known.has(row.eventId)) return []
      known.add(row.eventId)
      return [{ _tag: 'quarantined', row }]
    })
  } finally {
    file.close()
  }
}

/** Another text as soon as one of the files is written, made or deleted. */
const stampOf = (paths: ReadonlyArray<string>): string =>
  paths
    .map((path) => {
      const found = statSync(path, { throwIfNoEntry: false, bigint: true })
      return found === undefined ? '-' : `${found.ino}.${found.size}.${found.mtimeNs}`
    })
    .join(' ')
