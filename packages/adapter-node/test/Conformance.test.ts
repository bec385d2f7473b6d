/** The adapters and their lock against the suites that every adapter runs. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type AdapterCapability,
  leaderClientSuite,
  leaderLockSuite,
  type LockPlace,
  remoteLock,
} from '@headwater/testkit'
import { describe, test } from 'vitest'
import { memoryAdapter } from '../src/index.ts'
import { actorProcess, actorThread, type ConformanceActor, lockTaker } from './ConformanceActor.ts'
import { nodeWorld } from './NodeWorld.ts'

/** A case starts up to seventeen leaders, each in a thread. */
const patient = Object.assign((name: string, body: () => Promise<void>) => test(name, { timeout: 120_000 }, body), {
  skip: (name: string, body: () => Promise<void>) => test.skip(name, body),
})

const files: ReadonlyArray<AdapterCapability> = ['share', 'persist', 'elsewhere', 'observeLeader', 'newerFormat']

describe('node adapter, leaders in worker threads', () => {
  leaderClientSuite({
    test: patient,
    makeWorld: () => Promise.resolve(nodeWorld('worker')),
    capabilities: [...files, 'killLeader', 'hangLeader', 'freezeLeader'],
  })
})

describe('node adapter, leaders in the threads of sessions', () => {
  leaderClientSuite({
    test: patient,
    makeWorld: () => Promise.resolve(nodeWorld('same-thread')),
    capabilities: files,
  })
})

describe('memory adapter', () => {
  leaderClientSuite({
    test: patient,
    makeWorld: () =>
      Promise.resolve({ adapter: memoryAdapter(), takeoverWithinMs: 20_000, close: () => Promise.resolve() }),
    capabilities: [],
  })
})

const lockPlace = async (actor: ConformanceActor, directory: string): Promise<LockPlace> => {
  const { end, ...taker } = await remoteLock(actor.port, directory)
  return {
    ...taker,
    kill: async () => {
      await actor.kill()
      end()
    },
  }
}

const starts = { threads: () => actorThread('lock'), processes: () => actorProcess('lock') }

for (const [name, start] of Object.entries(starts)) {
  describe(`lock, between ${name}`, () => {
    leaderLockSuite({
      test: patient,
      hasElsewhere: true,
      makeLock: () => {
        const directory = mkdtempSync(join(tmpdir(), 'headwater-lock-'))
        return Promise.resolve({
          here: lockTaker(directory),
          elsewhere: async () => await lockPlace(await start(), directory),
          freeWithinMs: 5000,
          close: () => Promise.resolve(rmSync(directory, { recursive: true, force: true })),
        })
      },
    })
  })
}
