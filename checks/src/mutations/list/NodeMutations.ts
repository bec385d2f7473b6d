import type { Mutation } from '../Mutation.ts'

const node = 'packages/adapter-node'

/** Faults of the Node adapter. */
export const nodeMutations: ReadonlyArray<Mutation> = [
  {
    name: 'lock-released-early',
    why: 'two processes lead one store at once',
    file: `${node}/src/LeaderThread.ts`,
    find: `    this.#release = () => lock.release()\n`,
    replace: `    this.#release = () => undefined
    lock.release()\n`,
    caughtBy: {
      file: `${node}/test/Leaders.test.ts`,
      test: 'of processes that start at the same moment exactly one leads',
    },
  },
  {
    name: 'lock-not-exclusive',
    why: 'of processes that start together several lead',
    file: `${node}/src/StoreLock.ts`,
    find: `  connection.exec('BEGIN EXCLUSIVE')\n`,
    replace: `  connection.exec('BEGIN')\n`,
    caughtBy: {
      file: `${node}/test/Leaders.test.ts`,
      test: 'of processes that start at the same moment exactly one leads',
    },
  },
  {
    name: 'eventlog-not-synced',
    why: 'a power cut takes events whose `persisted` had resolved',
    file: `${node}/src/FileLeaderStorage.ts`,
    find: `durability === 'full' ? 'FULL' : 'NORMAL'`,
    replace: `durability === 'full' ? 'NORMAL' : 'NORMAL'`,
    caughtBy: { file: `${node}/test/FileLeaderStorage.test.ts` },
  },
  {
    name: 'hung-leader-not-replaced',
    why: 'an endless loop in the leader freezes every "saved" sign for ever',
    file: `${node}/src/NodeLeaderClient.ts`,
    find: `    if (worker !== undefined) await endWorkerLeader(worker)\n`,
    replace: ``,
    caughtBy: { file: `${node}/test/Conformance.test.ts`, test: 'a leader that hangs is noticed and replaced' },
  },
]
