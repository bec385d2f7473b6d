import type { Mutation } from '../Mutation.ts'

const leader = 'packages/core/src/leader'
const engine = 'packages/core/test/engine/Engine.test.ts'

/** Faults of what the leader tells its sessions. */
export const feedMutations: ReadonlyArray<Mutation> = [
  {
    name: 'feed-cursor-not-lowered',
    why: 'a tab misses the events that a rebase put before what it has',
    file: `${leader}/LogWriter.ts`,
    find: `    for (const feed of leader.feeds.values()) feed.lowerTo(base)\n`,
    replace: ``,
    caughtBy: { file: engine, test: 'follows a rebase by its feed' },
  },
  {
    name: 'rolled-back-rows-stay-in-memory',
    why: 'tabs are fed events that the log does not have any more',
    file: `${leader}/LogWriter.ts`,
    find: `    leader.recent.rollBackTo(base)\n`,
    replace: ``,
    caughtBy: { file: engine, test: 'follows a rebase by its feed' },
  },
  {
    name: 'resume-without-comparing-ids',
    why: 'a tab that missed a rebase goes on from events that are others at the leader',
    file: `${leader}/Subscription.ts`,
    find: `!equals(row.seq, { global, client }) || row.event.id !== id || log.hasCollided(id)) break`,
    replace: `!equals(row.seq, { global, client }) || log.hasCollided(id)) break`,
    caughtBy: { file: engine, test: 'resumes from the last event that both have' },
  },
  {
    name: 'snapshot-position-off-by-one',
    why: 'a new tab applies its first event twice',
    file: `${leader}/Subscription.ts`,
    find: `const at = image === null ? root : (leader.log.at(image.head.position)?.seq ?? { ...root, ...image.head.position })`,
    replace: `const at = image === null ? root : { ...root, global: Math.max(0, image.head.position.global - 1) }`,
    caughtBy: { file: engine, test: 'the next leader adopts the state without materializing' },
  },
  {
    name: 'outdated-session-leads',
    why: 'an old tab takes the lead back from a new one: the new columns are emptied',
    file: `${leader}/Subscription.ts`,
    find: `leading.version > schema.version) return false`,
    replace: `leading.version > schema.version && schema.version < 0) return false`,
    caughtBy: { file: engine, test: 'an older session opens outdated beside a newer one' },
  },
  {
    name: 'push-behind-a-lost-one-taken',
    why: 'commits of one tab swap their order when a message gets lost',
    file: `${leader}/PushAdmission.ts`,
    find: `if (push.prev !== null && !isKnown(push.prev)) {`,
    replace: `if (push.prev === '' && !isKnown(push.prev)) {`,
    caughtBy: { file: engine, test: 'a lost push is found by the next one' },
  },
  {
    name: 'known-event-admitted-again',
    why: 'a push that is repeated fails, and everything behind it with it',
    file: `${leader}/PushAdmission.ts`,
    find: `push.seqs[i] === undefined || feed.mayBeKnown(event.id)`,
    replace: `push.seqs[i] === undefined`,
    caughtBy: { file: engine, test: 'an outdated session closes once' },
  },
  {
    name: 'confirmed-at-the-answer-of-a-push',
    why: '`confirmed` names a position that the event may still lose',
    file: `${leader}/LeaderRequest.ts`,
    find: `isSettled: compare(row.seq, settledHeadOf(leader)) <= 0, outcome`,
    replace: `isSettled: row.seq.global <= Math.max(settledHeadOf(leader).global, leader.acknowledgedGlobal), outcome`,
    caughtBy: { file: engine, test: 'is not confirmed by the answer to a push' },
  },
  {
    name: 'resume-past-a-collision',
    why: 'a tab keeps its own event where the log has the other one with that id',
    file: `${leader}/Subscription.ts`,
    find: `row.event.id !== id || log.hasCollided(id)) break`,
    replace: `row.event.id !== id) break`,
    caughtBy: { file: engine, test: 'a session that resumes does not take the other event for its own' },
  },
]
