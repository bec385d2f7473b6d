import type { Mutation } from '../Mutation.ts'

const session = 'packages/core/src/session'
const engine = 'packages/core/test/engine/Engine.test.ts'

/** Faults of a session: its commits, what it takes from the leader, receipts, live queries. */
export const sessionMutations: ReadonlyArray<Mutation> = [
  {
    name: 'lower-epoch-not-ignored',
    why: 'a late message makes a tab start over',
    file: `${session}/FeedReceiver.ts`,
    find: `if (message.facts.epoch < session.epoch) return acknowledge(session, message)\n`,
    replace: `\n`,
    caughtBy: { file: engine, test: 'passes over a message of an epoch that is over' },
  },
  {
    name: 'term-not-compared',
    why: 'a leader that was replaced still changes what tabs show',
    file: `${session}/Session.ts`,
    find: `    if (termOf(message) < state.term) return\n`,
    replace: ``,
    caughtBy: { file: engine, test: 'messages of an older term are ignored' },
  },
  {
    name: 'sent-count-kept-for-a-new-leader',
    why: 'what was sent to a leader that died is never sent to the next one',
    file: `${session}/FeedReceiver.ts`,
    find: `  session.sentCount = 0
  session.areOrphansSent = false`,
    replace: `  session.areOrphansSent = false`,
    caughtBy: { file: engine, test: 'a full disk at the eventlog: nothing is lost' },
  },
  {
    name: 'pending-dropped-by-a-snapshot',
    why: 'what was committed while the leader was away is lost',
    file: `${session}/FeedReceiver.ts`,
    find: `    .filter(({ event }) => !leaves.has(event.id))`,
    replace: `    .filter(({ event }) => !leaves.has(event.id) && event.isClientOnly)`,
    caughtBy: { file: engine, test: 'keeps what the leader does not have yet, and pushes it' },
  },
  {
    name: 'commit-group-split-between-pushes',
    why: 'half of a large commit is persisted when the tab is closed at the wrong moment',
    file: `${session}/PushQueue.ts`,
    find: `while (end < length && groupAt(end) === groupAt(end - 1)) end++`,
    replace: `while (end < start && groupAt(end) === groupAt(end - 1)) end++`,
    caughtBy: { file: engine, test: 'travels to the leader in one piece' },
  },
  {
    name: 'persisted-before-commit',
    why: '`persisted` resolves although the leader never stored the event',
    file: `${session}/PushQueue.ts`,
    find: `  session.sentCount = end
}`,
    replace: `  session.sentCount = end
  session.listener.onPersisted(rows.map(({ event }) => event.id))
}`,
    caughtBy: { file: engine, test: 'of which `persisted` resolves behind the COMMIT' },
  },
  {
    name: 'persisted-never-told',
    why: '`persisted` never resolves: every "saved" sign of the app hangs',
    file: `${session}/MergeInstaller.ts`,
    find: `if (confirmed.length > 0) session.listener.onPersisted(confirmed)`,
    replace: `if (confirmed.length < 0) session.listener.onPersisted(confirmed)`,
    caughtBy: { file: engine, test: 'receipts go on through it' },
  },
  {
    name: 'trim-skipped-in-a-session',
    why: 'a tab that stays open takes more and more memory',
    file: `${session}/SessionDatabase.ts`,
    find: `    this.#own.trim.run([to.global, to.client])\n`,
    replace: ``,
    caughtBy: { file: engine, test: 'forgets how to undo what is settled' },
  },
  {
    name: 'trim-of-what-is-not-settled',
    why: 'every rebase needs a snapshot: tabs flicker and lose their place',
    file: `${session}/MergeInstaller.ts`,
    find: `const trimTo: Position = min<Position>(settled, facts.stateHead)`,
    replace: `const trimTo: Position = session.sync.upstreamHead`,
    caughtBy: { file: engine, test: 'follows a rebase by its feed' },
  },
  {
    name: 'inverse-effects-oldest-first-in-a-session',
    why: 'a rebase cannot be undone exactly; the tab starts over with each',
    file: `${session}/SessionDatabase.ts`,
    find: `this.retainedBehind(base, Number.MAX_SAFE_INTEGER).reverse()`,
    replace: `this.retainedBehind(base, Number.MAX_SAFE_INTEGER)`,
    caughtBy: { file: engine, test: 'follows a rebase by its feed' },
  },
  {
    name: 'quarantine-not-undone-with-a-rollback',
    why: 'a rebase of a skipped event fails for ever: the tab never syncs again',
    file: `${session}/SessionDatabase.ts`,
    find: `    this.#own.releaseBehind.run([base.global, base.client])\n`,
    replace: ``,
    caughtBy: { file: engine, test: 'forgets with a rollback that an event was skipped' },
  },
  {
    name: 'environment-error-skips-an-event',
    why: 'a full disk quarantines good events: they are missing on this device for good',
    file: `${session}/SessionDatabase.ts`,
    find: `      this.#capture.discard()
      if (error instanceof SqliteError && error.isEnvironment) throw error\n`,
    replace: `      this.#capture.discard()\n`,
    caughtBy: { file: engine, test: 'an environment error never quarantines' },
  },
  {
    name: 'failed-commit-leaves-half-of-itself',
    why: 'a commit that throws has written some of its rows',
    file: `${session}/SessionDatabase.ts`,
    find: `      if (this.connection.isInTransaction()) this.#own.rollback.run()`,
    replace: `      if (this.connection.isInTransaction()) this.#own.commit.run()`,
    caughtBy: { file: engine, test: 'a materializer that throws makes the commit throw' },
  },
  {
    name: 'receipt-answered-for-another-event',
    why: 'the receipt of one event names the position of another, or rejects for it',
    file: `${session}/Receipts.ts`,
    find: `this.#take(id, located[i] ?? { _tag: 'unknown' })`,
    replace: `this.#take(id, located[ids.length - 1 - i] ?? { _tag: 'unknown' })`,
    caughtBy: { file: engine, test: 'of a group answers for each of its events' },
  },
  {
    name: 'receipt-forgets-that-the-log-moved',
    why: '`confirmed` waits for a place that its event has left',
    file: `${session}/Receipts.ts`,
    find: `    this.#positions.clear()\n`,
    replace: ``,
    caughtBy: { file: engine, test: 'what was not pushed is salvaged around the damaged pages' },
  },
  {
    name: 'live-query-not-told-what-was-undone',
    why: 'a counter on the screen counts events twice after a rebase',
    file: `${session}/MergeInstaller.ts`,
    find: `const changes: Array<Changes> = undone.length > 0 ? [() => undone] : []`,
    replace: `const changes: Array<Changes> = undone.length < 0 ? [() => undone] : []`,
    caughtBy: { file: engine, test: 'follows a rebase by its feed' },
  },
  {
    name: 'live-query-not-refreshed-by-the-leader',
    why: "other people's changes show up only after the next own commit",
    file: `${session}/MergeInstaller.ts`,
    find: `if (changes.length > 0 && session.shown === null) session`,
    replace: `if (changes.length < 0 && session.shown === null) session`,
    caughtBy: { file: engine, test: 'a second session boots from a snapshot' },
  },
  {
    name: 'collided-event-forgotten',
    why: 'a commit whose id is taken vanishes: no dead letter, the receipt hangs',
    file: `${session}/FeedReceiver.ts`,
    find: `  session.orphans.push(event)\n`,
    replace: ``,
    caughtBy: { file: engine, test: 'in a session, before its leader has the event' },
  },
  {
    name: 'commits-sent-in-a-later-task',
    why: 'what an app commits while its tab is being closed is lost',
    file: `${session}/PushQueue.ts`,
    find: `  session.environment.microtask(() => {`,
    replace: `  session.environment.defer(() => {`,
    caughtBy: {
      file: 'packages/adapter-web/test/Tabs.test.ts',
      test: 'what a tab commits the moment it is hidden, on its way to another page, reaches the leader',
    },
  },
]
