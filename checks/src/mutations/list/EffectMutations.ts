import type { Mutation } from '../Mutation.ts'

const leader = 'packages/core/src/leader'
const engine = 'packages/core/test/engine/Engine.test.ts'

/** Faults of the leader's state database: effects, their prefix, trimming. */
export const effectMutations: ReadonlyArray<Mutation> = [
  {
    name: 'state-head-outside-the-transaction',
    why: 'a kill between the two applies an event twice to the state that the next start shows',
    file: `${leader}/StateReplica.ts`,
    find: `        return this.#writeHead(open, this.#trim(open, head, change.settledHead))
      })`,
    replace: `        return this.#trim(open, head, change.settledHead)
      })
      this.#writeHead(open, this.#open!.head)`,
    caughtBy: { file: engine, test: 'the state stands where its head says' },
  },
  {
    name: 'trim-skipped-at-the-leader',
    why: 'the state file grows with every event for ever',
    file: `${leader}/StateReplica.ts`,
    find: `    statements.trim.run([to.global, to.client])\n`,
    replace: ``,
    caughtBy: { file: engine, test: 'with a backend changesets are kept until' },
  },
  {
    name: 'epoch-ignored-for-effects',
    why: 'row changes made before a rebase are applied behind it: tables that no log explains',
    file: `${leader}/PushAdmission.ts`,
    find: `push.epoch === log.status.epoch`,
    replace: `push.epoch <= log.status.epoch`,
    caughtBy: { file: engine, test: 'does not take what a session made in another epoch' },
  },
  {
    name: 'position-ignored-for-effects',
    why: "a session's row changes are applied behind another's, with values that were read before it",
    file: `${leader}/PushAdmission.ts`,
    find: `holdsEffects && push.seqs[i] !== undefined && equals(push.seqs[i], seq)`,
    replace: `holdsEffects && push.seqs[i] !== undefined && equals(seq, seq)`,
    caughtBy: { file: engine, test: 'does not take what a session made before it heard' },
  },
  {
    name: 'report-of-another-epoch-taken',
    why: 'the state follows a log that was rolled back meanwhile',
    file: `${leader}/StateReports.ts`,
    find: `report.epoch !== leader.log.status.epoch || stateHead`,
    replace: `stateHead`,
    caughtBy: { file: engine, test: "does not take a host's report" },
  },
  {
    name: 'image-of-another-epoch-installed',
    why: 'the state is replaced by tables with events that were rolled back',
    file: `${leader}/StateReports.ts`,
    find: `const isOurs = image.epoch === log.status.epoch && image`,
    replace: `const isOurs = image`,
    caughtBy: { file: engine, test: "does not become a host's image" },
  },
  {
    name: 'inverse-effects-oldest-first-at-the-leader',
    why: 'every rebase throws the state away and rebuilds it from the first event',
    file: `${leader}/StateStatements.ts`,
    find: `ORDER BY seqNumGlobal DESC, seqNumClient DESC`,
    replace: `ORDER BY seqNumGlobal, seqNumClient`,
    caughtBy: { file: engine, test: 'is rolled back by what it has kept, newest first' },
  },
  {
    name: 'quarantine-not-released-at-the-leader',
    why: 'a receipt says "skipped" of an event that was applied after a rebase',
    file: `${leader}/StateReplica.ts`,
    find: `    statements.releaseBehind.run([base.global, base.client])\n`,
    replace: ``,
    caughtBy: { file: engine, test: 'forgets with a rollback that an event was skipped' },
  },
  {
    name: 'state-of-another-schema-kept',
    why: 'a new version of the app reads tables that the old one made',
    file: `${leader}/StateReplica.ts`,
    find: `this.#open.head.fingerprint !== schema.fingerprint) this`,
    replace: `this.#open.head.fingerprint === '') this`,
    caughtBy: { file: engine, test: 'takes the lead: its session has the whole log in its own tables' },
  },
  {
    name: 'stale-state-writer-not-fenced',
    why: "a leader that woke up writes into its successor's state",
    file: `${leader}/StateReplica.ts`,
    find: `if (term === null ? current > this.#term : current !== term) throw`,
    replace: `if (term === null ? current > this.#term : current < term) throw`,
    caughtBy: { file: engine, test: 'that hears of effects does not write them' },
  },
  {
    name: 'image-brings-a-head',
    why: 'a leader killed while it installs an image leaves rows under an older head: the next session skips their events',
    file: 'packages/core/src/session/SessionDatabase.ts',
    find: `connection.exec('DROP TABLE IF EXISTS __headwater_state_head')`,
    replace: `connection.exec('SELECT 1')`,
    caughtBy: { file: engine, test: 'the head of the state that the session booted from is not taken for its own' },
  },
  {
    name: 'late-effects-of-an-older-schema',
    why: 'an outdated tab decides what the newer one shows',
    file: `${leader}/StateReports.ts`,
    find: `  if (!hasLeadingSchema(leader, feed)) return\n`,
    replace: ``,
    caughtBy: { file: engine, test: 'what an older session reports of effects once a newer one leads is not taken' },
  },
  {
    name: 'adopted-past-a-collision',
    why: 'the state keeps the effect of an event that another one with its id has replaced',
    file: `${leader}/StateReplica.ts`,
    find: `        if (log.hasCollided(row.event.id)) return base\n`,
    replace: ``,
    caughtBy: {
      file: engine,
      test: 'a state that died before it was rolled back does not take the other event for its own',
    },
  },
]
