import { batchEventsMax } from '../backend/BackendLimits.ts'
import { type EventEffect, packEffects } from '../channel/PackedEffects.ts'
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { compare, type Position } from '../event/EventSequenceNumber.ts'
import { effectsBehind } from './EffectReporter.ts'
import type { SessionState } from './SessionState.ts'

/** Sent and not confirmed at most: enough to keep a leader busy, little enough that a reconnect does not send it all twice. */
const sentMax = 16 * batchEventsMax

/**
 * What is pending goes to the leader when the present code has run: commits made together travel together. A microtask,
 * not a task: a page that is being thrown away runs its handlers and what they have queued, and no task any more.
 */
export const scheduleFlush = (session: SessionState): void => {
  if (session.isFlushScheduled) return
  session.isFlushScheduled = true
  session.environment.microtask(() => {
    session.isFlushScheduled = false
    try {
      flush(session)
    } catch (error) {
      // Effects that are not in memory any more are read again, and the machine may fail.
      session.listener.onBroken(error)
    }
  })
}

/** Sends pending events that the present leader was not sent, in batches of whole commit groups. */
export const flush = (session: SessionState): void => {
  if (session.isClosed || session.waitingFor !== null || session.database === null) return
  if (session.connection !== 'connected' && session.connection !== 'outdated') return
  if (!mayPush(session)) return
  sendOrphans(session)
  while (session.sentCount < session.sync.pending.length && session.sentCount < sentMax) sendBatch(session)
}

const mayPush = (session: SessionState): boolean => {
  const again = session.pushAgainAt
  if (again === null) return true
  const isThere =
    session.epoch > again.epoch ||
    (session.epoch === again.epoch && compare(session.sync.upstreamHead, again.head) >= 0)
  if (!isThere) return false
  session.pushAgainAt = null
  session.sentCount = 0
  return true
}

const sendBatch = (session: SessionState): void => {
  const { pending, upstreamHead } = session.sync
  const start = session.sentCount
  const end = batchEnd(pending.length, start, (i) => pending.at(i)!.event.commitId)
  const rows = pending.toArray(start, end)
  const before: NumberedEvent | undefined = start === 0 ? undefined : pending.at(start - 1)
  const after: Position = before?.seq ?? upstreamHead
  const effects = packEffects(
    takeUnsent(session, start, rows.length) ?? effectsBehind(session.database!, after, rows.length),
  )
  session.client.send(
    {
      _tag: 'push',
      prev: before?.event.id ?? null,
      events: rows.map(({ event }) => event),
      epoch: session.epoch,
      seqs: rows.map(({ seq }) => seq),
      effects,
    },
    [effects.bytes.buffer],
  )
  session.sentCount = end
}

/** The effects as their commits made them, if they are still those of the first unsent events. */
const takeUnsent = (
  { unsentEffects, sync }: SessionState,
  start: number,
  count: number,
): ReadonlyArray<EventEffect> | undefined => {
  if (unsentEffects.length !== sync.pending.length - start) {
    unsentEffects.length = 0
    return undefined
  }
  return unsentEffects.splice(0, count)
}

/** The end of a batch that starts at `start`: a boundary between commit groups, which are never split here. */
const batchEnd = (length: number, start: number, groupAt: (index: number) => string): number => {
  let end = Math.min(length, start + batchEventsMax)
  while (end < length && groupAt(end) === groupAt(end - 1)) end++
  return end
}

const sendOrphans = (session: SessionState): void => {
  if (session.areOrphansSent || session.orphans.length === 0) return
  session.areOrphansSent = true
  session.client.send({
    _tag: 'push',
    prev: null,
    events: session.orphans,
    epoch: -1,
    seqs: [],
    effects: packEffects([]),
  })
}
