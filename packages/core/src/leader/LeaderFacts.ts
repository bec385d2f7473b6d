import type { LeaderFacts } from '../channel/LeaderMessage.ts'
import { root } from '../event/EventSequenceNumber.ts'
import { type LeaderState, settledHeadOf } from './LeaderState.ts'

/** What every message about the log carries, as it is now. */
export const factsOf = (leader: LeaderState): LeaderFacts => ({
  term: leader.log.status.term,
  epoch: leader.log.status.epoch,
  attachment: leader.log.status.attachment,
  backendId: leader.log.status.backendId,
  backendHead: Math.max(leader.backend.head, leader.log.status.head),
  unsettled: leader.sync.pending.length,
  localHead: leader.sync.localHead,
  settledHead: settledHeadOf(leader),
  stateHead: leader.replica.head?.position ?? root,
})
