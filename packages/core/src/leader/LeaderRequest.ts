import type { LeaderRequests, LeaderRequestTag, Located, Notice } from '../channel/LeaderMessage.ts'
import { ProtocolError } from '../backend/SyncBackendError.ts'
import { compare, root } from '../event/EventSequenceNumber.ts'
import { initial } from '../sync/SyncState.ts'
import { type LeaderState, loadSyncState, settledHeadOf } from './LeaderState.ts'
import { writeBeside } from './LogWriter.ts'

type Answers = {
  readonly [T in LeaderRequestTag]: (leader: LeaderState, ask: LeaderRequests[T]['ask']) => LeaderRequests[T]['answer']
}

/** Rows of one `readLog` answer at most. */
const readRowsMax = 1000

/** What became of an event. Of an id that two events share, what the session that asks has committed itself; else this client. */
const locate = (leader: LeaderState, id: string, committedBy: string | null): Located => {
  const { log } = leader
  const row = log.byId(id)
  const rejected = log.rejectedById(id)
  const isOwn = row !== undefined && (committedBy === null || row.event.clientId === log.status.clientId)
  const refused = rejected.find(({ event }) => event.sessionId === committedBy) ?? (isOwn ? undefined : rejected[0])
  if (refused !== undefined) return { _tag: 'rejected', reason: refused.reason, detail: refused.detail }
  if (row === undefined) return { _tag: 'unknown' }
  const head = leader.replica.head
  const isMaterialized = head !== null && compare(row.seq, head.position) <= 0
  const outcome = !isMaterialized ? null : leader.replica.isSkipped(id) ? 'skipped' : 'applied'
  return { _tag: 'logged', seq: row.seq, isSettled: compare(row.seq, settledHeadOf(leader)) <= 0, outcome }
}

/** What a session may ask its leader. Each is one synchronous step. **Fails with** `LeaderStale`, `SqliteError`. */
export const answers: Answers = {
  locate: (leader, { ids, committedBy }) => ids.map((id) => locate(leader, id, committedBy)),

  readLog: (leader, { after, limit, settledOnly }) => {
    const settledHead = settledHeadOf(leader)
    const rows = leader.log
      .page(after, Math.min(limit, readRowsMax))
      .filter(({ seq }) => !settledOnly || compare(seq, settledHead) <= 0)
    return { epoch: leader.log.status.epoch, attachment: leader.log.status.attachment, settledHead, rows }
  },

  listRejected: (leader) => leader.log.rejected(),

  dismissRejected: (leader, { ids }) => {
    writeBeside(leader, { dismissed: ids })
    return null
  },

  exportLog: (leader) => leader.log.connection.serialize(),

  resolveHistory: (leader, { choice }) => {
    const exported = choice === 'reset' ? leader.log.connection.serialize() : null
    // On disk before anything is dropped: the answer may never arrive.
    const keptAs = exported === null ? null : leader.keepExport(exported)
    changeAttachment(leader, choice === 'reset')
    leader.stopped = null
    leader.backend.error = null
    return { exported, keptAs }
  },

  // The loops are woken by the leader itself, after the answer. A server that was updated may speak the protocol now.
  wake: (leader) => {
    if (leader.stopped instanceof ProtocolError) leader.stopped = null
    return null
  },
}

/** Buffers of an answer that nobody here needs any more: an exported log is the asker's. */
export const bytesOf = (answer: unknown): ReadonlyArray<ArrayBufferLike> => {
  if (typeof answer === 'object' && answer !== null && 'exported' in answer) return bytesOf(answer.exported)
  return answer instanceof Uint8Array ? [answer.buffer] : []
}

/**
 * Binds the log to a backend log anew, with nothing settled: on the first attachment, for `re-push`, after salvage. For
 * `reset` the rows go as well and the backend's log is taken as it is. Nothing has changesets for what was settled
 * before, so the first rollback into it makes the state anew.
 */
export const changeAttachment = (leader: LeaderState, dropsRows: boolean): void => {
  const { log } = leader
  const { attachment, epoch } = log.status
  log.write({
    ...(dropsRows ? { base: root } : {}),
    rows: [],
    status: {
      attachment: attachment + 1,
      backendId: null,
      head: 0,
      headEventId: null,
      cursorJson: null,
      epoch: dropsRows ? epoch + 1 : epoch,
    },
  })
  if (dropsRows) {
    leader.recent.rollBackTo(root)
    // A new one is made with the next step, and again if that fails: the log has changed already.
    leader.replica.drop()
  }
  leader.effects.clear()
  leader.hashes.forget()
  leader.acknowledgedGlobal = 0
  leader.backend.head = 0
  leader.sync = dropsRows ? initial : loadSyncState(log)
  for (const feed of leader.feeds.values()) feed.isDirty = true
}

/** Tells every session once, and forgets. */
export const tellNotices = (leader: LeaderState): void => {
  const notices: ReadonlyArray<Notice> = leader.notices.splice(0)
  for (const notice of notices) {
    for (const feed of leader.feeds.values()) feed.send({ _tag: 'notice', term: leader.log.status.term, notice })
  }
}
