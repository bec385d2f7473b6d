import type { Mutation } from '../Mutation.ts'

const leader = 'packages/core/src/leader'
const engine = 'packages/core/test/engine/Engine.test.ts'

/** Faults of how the leader writes its log: order, transactions, terms, dead letters. */
export const logMutations: ReadonlyArray<Mutation> = [
  {
    name: 'head-outside-the-transaction',
    why: 'a kill between the two leaves a page in the log that is fetched and applied again',
    file: `${leader}/PageAdmission.ts`,
    find: `if (admitted.rows.length > 0) mergePage(leader, admitted, cursorJson)`,
    replace: `if (admitted.rows.length > 0) {
    const { head, headEventId } = admitted
    const { head: headBefore, headEventId: idBefore } = log.status
    mergePage(leader, { ...admitted, head: headBefore, headEventId: idBefore }, cursorJson)
    writeBeside(leader, { status: { head, headEventId } })
  }`,
    caughtBy: { file: engine, test: 'the head covers every page that is in the log' },
  },
  {
    name: 'push-not-synced-to-disk',
    why: 'what the app was told is persisted is gone after a power loss',
    file: `${leader}/Eventlog.ts`,
    find: `change.isRepeatable === true ? 'later' : 'now'`,
    replace: `'later'`,
    caughtBy: { file: engine, test: 'waits for the disk, unless the backend would send all of it again' },
  },
  {
    name: 'wal-copied-behind-an-unsynced-commit',
    why: 'on a disk that fails to sync once, what is persisted afterwards is gone after a power loss',
    file: `${leader}/CommitSync.ts`,
    find: `const pages = chosen === 'now' ? this.#checkpointPages : 0`,
    replace: `const pages = this.#checkpointPages`,
    caughtBy: { file: 'packages/core/test/leader/CommitSync.test.ts', test: 'whichever sync fails' },
  },
  {
    name: 'synced-later-for-ever',
    why: 'a device that only reads fetches days of events again after a power loss, and its WAL fills the disk',
    file: `${leader}/CommitSync.ts`,
    find: `this.#leftForLater < laterMax ? wanted : 'now'`,
    replace: `wanted`,
    caughtBy: { file: 'packages/core/test/leader/CommitSync.test.ts', test: 'the WAL ends somewhere' },
  },
  {
    name: 'rebase-not-synced-to-disk',
    why: 'after a power loss an epoch that was told names another log',
    file: `${leader}/PageAdmission.ts`,
    find: `isRepeatable: merged._tag === 'advance' && reinstated.length === 0,`,
    replace: `isRepeatable: true,`,
    caughtBy: { file: engine, test: 'waits for the disk, unless the backend would send all of it again' },
  },
  {
    name: 'cursor-not-written-with-its-page',
    why: 'the stream is opened from an old cursor after every restart',
    file: `${leader}/PageAdmission.ts`,
    find: `status: { head, headEventId, cursorJson },`,
    replace: `status: { head, headEventId },`,
    caughtBy: { file: engine, test: 'a page that others have outrun' },
  },
  {
    name: 'page-admitted-without-comparing-ids',
    why: 'a backend with another history is merged into ours instead of stopping sync',
    file: `${leader}/PageAdmission.ts`,
    find: `if (id === incoming.id) return`,
    replace: `if (id === incoming.id || incoming.global > 0) return`,
    caughtBy: { file: engine, test: 'stops sync, and nothing of it is taken' },
  },
  {
    name: 'gap-in-a-page-admitted',
    why: 'a lost page is not noticed: events are missing for good',
    file: `${leader}/PageAdmission.ts`,
    find: `if (event.global !== head + 1) throw new PullGap`,
    replace: `if (event.global <= head) throw new PullGap`,
    caughtBy: { file: engine, test: 'a gap closes the stream' },
  },
  {
    name: 'eventlog-commit-after-state-commit',
    why: 'a full disk leaves changes on the screen that are in no log',
    file: `${leader}/LogWriter.ts`,
    find: `  log.write({
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
  )`,
    replace: `  if (raisesEpoch) leader.effects.clear()
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
  log.write({
    ...beside,
    ...(base === undefined ? {} : { base }),
    rows: merged.newEvents,
    status: { ...beside.status, epoch },
  })`,
    caughtBy: { file: engine, test: 'the state stands where its head says' },
  },
  {
    name: 'dead-letter-not-written',
    why: 'a refused event is gone without a trace; the app cannot retry it',
    file: `${leader}/PageAdmission.ts`,
    find: `writeMerge(leader, merged, { rejected })`,
    replace: `writeMerge(leader, merged)`,
    caughtBy: { file: engine, test: 'takes its group with it' },
  },
  {
    name: 'reinstatement-forgotten',
    why: 'an event that was synced after all stays in the list of refused ones',
    file: `${leader}/PageAdmission.ts`,
    find: `...(reinstated.length > 0 ? { reinstated } : {}),`,
    replace: ``,
    caughtBy: { file: engine, test: 'is reinstated when it arrives by pull' },
  },
  {
    name: 'retired-leader-still-writes',
    why: 'two leaders write one log after a laptop woke up: events overwrite each other',
    file: `${leader}/Eventlog.ts`,
    find: `if (current !== this.#status.term) throw`,
    replace: `if (current < this.#status.term) throw`,
    caughtBy: { file: engine, test: 'a stale leader that thaws' },
  },
  {
    name: 'term-not-raised-by-salvage',
    why: 'after a salvage sessions ignore their new leader',
    file: `${leader}/Salvage.ts`,
    find: `log.raiseTerm(highest('term'))`,
    replace: `log.raiseTerm()`,
    caughtBy: { file: engine, test: 'goes on in a later term and epoch' },
  },
  {
    name: 'rollback-keeps-its-rows',
    why: 'rolled back events stay in the log: the leader fails at every later page',
    file: `${leader}/Eventlog.ts`,
    find: `if (change.base !== undefined) this.#statements.deleteBehind`,
    replace: `if (change.base === undefined) this.#statements.deleteBehind`,
    caughtBy: { file: engine, test: 'follows a rebase by its feed' },
  },
  {
    name: 'epoch-not-raised-by-a-rollback',
    why: 'sessions do not hear that rows were taken away: tabs differ until they are reloaded',
    file: `${leader}/LogWriter.ts`,
    find: `const epoch = log.status.epoch + (raisesEpoch ? 1 : 0)`,
    replace: `const epoch = log.status.epoch`,
    caughtBy: { file: engine, test: 'a replayed local event that now fails stays pending' },
  },
  {
    name: 'attachment-keeps-the-old-head',
    why: 're-push offers the backend nothing: what it lost stays lost',
    file: `${leader}/LeaderRequest.ts`,
    find: `      head: 0,
      headEventId: null,`,
    replace: `      head: log.status.head,
      headEventId: log.status.headEventId,`,
    caughtBy: { file: engine, test: 'then re-push: the backend has every synced event again' },
  },
  {
    name: 'nothing-read-anew-after-a-failed-commit',
    why: 'head and epoch fall behind what the disk has when a COMMIT fails after it has taken effect',
    file: `${leader}/LeaderState.ts`,
    find: `  leader.log.recover()\n`,
    replace: ``,
    caughtBy: { file: engine, test: 'a COMMIT that is reported as failed and has been done' },
  },
  {
    name: 'pushes-admitted-before-the-log-is-read-again',
    why: 'events are numbered behind a head that nobody knows to be on disk',
    file: `${leader}/Leader.ts`,
    find: `if (this.#failure !== null) this.#inbox.keepGoodbyes()`,
    replace: ``,
    caughtBy: { file: engine, test: "another session's push waits until the log is read again" },
  },
  {
    name: 'uncertain-for-ever-after-a-salvage',
    why: 'the leader takes no message any more, and says nothing',
    file: `${leader}/Leader.ts`,
    find: `    this.#isSalvaging = false
    this.#failure = null`,
    replace: `    this.#isSalvaging = false`,
    caughtBy: { file: engine, test: 'and that then finds the log damaged' },
  },
  {
    name: 'settled-id-pulled-twice-is-retried-for-ever',
    why: 'a page that can never be stored is tried again and again, and the app hears of a constraint',
    file: `${leader}/PageAdmission.ts`,
    find: `throw settledTwice(leader, rows) ?? error`,
    replace: `throw error`,
    caughtBy: { file: engine, test: 'an id that a settled client-only event has' },
  },
]
