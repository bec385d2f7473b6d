/**
 * The one place where a leader's merge becomes durable: eventlog COMMIT → state COMMIT → memory → (later, from memory)
 * messages. Nothing else writes the log while it runs.
 */
import type { RowEffect } from './StateReplica.ts'
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { compare, equals, type EventSequenceNumber, type Position, root } from '../event/EventSequenceNumber.ts'
import type { Advance, Rebase } from '../sync/MergeResult.ts'
import type { LogChange } from './Eventlog.ts'
import { type LeaderState, settledHeadOf } from './LeaderState.ts'

/** What goes into the same transaction as the merge. */
export interface LogChangeBeside extends Omit<LogChange, 'base' | 'rows'> {
  /** Some session's prefix differs from the log although no row moves: the epoch says so. */
  readonly raisesEpoch?: boolean
}

/**
 * Carries out `merged` on both databases and in memory.
 *
 * **Fails with**  `LeaderStale`; `SqliteError` if the log could not be written: nothing has changed in memory, and what is on disk
 * is known after `reloadLog`.
 */
export const writeMerge = (leader: LeaderState, merged: Advance | Rebase, beside: LogChangeBeside = {}): void => {
  const { log, replica } = leader
  const base = merged._tag === 'rebase' && merged.rollbackEvents.length > 0 ? merged.base : undefined
  const before: Position = base ?? leader.sync.localHead
  const raisesEpoch = base !== undefined || beside.raisesEpoch === true
  const epoch = log.status.epoch + (raisesEpoch ? 1 : 0)
  // Read before anything is written: between COMMIT and memory nothing may fail.
  const baseRow = base === undefined ? undefined : log.at(base)
  const baseSeq =
    base === undefined ? undefined : (baseRow?.seq ?? { ...root, global: base.global, client: base.client })
  const baseId = baseRow?.event.id ?? null
  log.write({
    ...beside,
    ...(base === undefined ? {} : { base }),
    rows: merged.newEvents,
    status: { ...beside.status, epoch },
  })
  // Effects that came with a push were computed on a prefix of the epoch that ends here.
  if (raisesEpoch) leader.effects.clear()
  const effects = takeEffects(leader, before, merged.newEvents)
  replica.commit(
    {
      ...(base === undefined ? {} : { base, baseId }),
      effects,
      epoch,
      attachment: log.status.attachment,
      settledHead: merged.state.upstreamHead,
    },
    log,
  )
  if (base !== undefined) leader.hashes.forget()
  rememberHashes(leader, effects)
  remember(leader, merged, baseSeq)
}

/** Only other sessions compare. */
const rememberHashes = ({ feeds, hashes, replica }: LeaderState, effects: ReadonlyArray<RowEffect>): void => {
  const last = effects.at(-1)
  if (feeds.size < 2 || last === undefined) return
  if (replica.head !== null && compare(last.seq, replica.head.position) <= 0) hashes.remember(effects)
}

const remember = (leader: LeaderState, merged: Advance | Rebase, base: EventSequenceNumber | undefined): void => {
  if (base !== undefined) {
    leader.recent.rollBackTo(base)
    leader.acknowledgedGlobal = 0
    for (const feed of leader.feeds.values()) feed.lowerTo(base)
  }
  leader.recent.append(merged.newEvents)
  leader.sync = merged.state
  for (const feed of leader.feeds.values()) feed.isDirty = true
}

/** The effects of the first rows for which the state can take them: directly behind where it stands, without a gap. */
const takeEffects = (leader: LeaderState, before: Position, rows: ReadonlyArray<NumberedEvent>): Array<RowEffect> => {
  const taken: Array<RowEffect> = []
  const head = leader.replica.head
  const stateHead = head !== null && compare(head.position, before) > 0 ? before : head?.position
  const canFollow = stateHead !== undefined && equals(stateHead, before)
  let isContiguous = canFollow
  for (const { seq, event } of rows) {
    const effect = leader.effects.get(event.id)
    if (effect === undefined) {
      if (leader.effects.size === 0) break
      isContiguous = false
      continue
    }
    leader.effects.delete(event.id)
    if (isContiguous) taken.push({ seq, id: event.id, effect })
  }
  return taken
}

/** Effects that the host has reported for rows behind the state's head. */
export const followEffects = (leader: LeaderState, effects: ReadonlyArray<RowEffect>): void => {
  const { log } = leader
  leader.replica.commit(
    { effects, epoch: log.status.epoch, attachment: log.status.attachment, settledHead: settledHeadOf(leader) },
    log,
  )
  rememberHashes(leader, effects)
}

/** A change that moves no row: cursor, dead letters, a dismissed row. */
export const writeBeside = (leader: LeaderState, beside: LogChangeBeside): void => {
  leader.log.write({ ...beside, rows: [] })
}
