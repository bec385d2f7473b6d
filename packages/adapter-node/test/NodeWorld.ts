/** Places on Node for the conformance suite, and what can be done to leaders in them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postMessageToThread } from 'node:worker_threads'
import type { AdapterUnderTest, SessionPlace } from '@headwater/testkit'
import { remoteSessions } from '@headwater/testkit'
import { journalsOf } from '../src/FileLeaderStorage.ts'
import { nodeAdapter, type NodeAdapterOptions, openBetterSqlite } from '../src/index.ts'
import { makeStoreFiles, type StoreFiles } from '../src/StoreFiles.ts'
import { currentHolder } from '../src/StoreLock.ts'
import { workerHere } from '../src/WorkerLeader.ts'
import { actorThread } from './ConformanceActor.ts'
import type { FreezeRequest } from './HangingWorker.ts'

const workerUrl = new URL('./HangingWorker.ts', import.meta.url)

/** Detection takes three beats; the rest is for starting a thread on a machine however busy. */
const takeoverWithinMs = 20_000
const heartbeatMs = 150

/** A fresh directory for stores, led by worker threads or by the sessions' own. */
export const nodeWorld = (leader: 'worker' | 'same-thread'): AdapterUnderTest => {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-conformance-'))
  const options: NodeAdapterOptions = { directory, leader, heartbeatMs, workerUrl }
  const filesOf = (storeId: string): StoreFiles => makeStoreFiles(directory, storeId)
  return {
    adapter: nodeAdapter(options),
    takeoverWithinMs,
    elsewhere: () => sessionThread({ ...options, workerUrl: workerUrl.href, heartbeatMs: heartbeatElsewhereMs }),
    isLed: (storeId) => {
      const files = filesOf(storeId)
      return Promise.resolve(currentHolder(files) !== null || workerHere(files.folder) !== undefined)
    },
    killLeader: async (storeId) => void (await workerHere(filesOf(storeId).folder)?.terminate()),
    hangLeader: (storeId) => {
      // Would be answered when the loop is over.
      postMessageToThread(leadingThread(filesOf(storeId)), 'hang').catch(() => undefined)
      return Promise.resolve()
    },
    freezeLeader: (storeId) => freeze(filesOf(storeId)),
    setNewerFormat: (storeId) => {
      const { eventlog } = filesOf(storeId)
      const before = userVersion(eventlog)
      setUserVersion(eventlog, 99)
      return Promise.resolve(() => Promise.resolve(setUserVersion(eventlog, before)))
    },
    close: () => Promise.resolve(rmSync(directory, { recursive: true, force: true })),
  }
}

/** Never notices by itself that its leader is frozen, as a tab that was suspended with its worker does not. */
const heartbeatElsewhereMs = 3_600_000

const sessionThread = async (options: NodeAdapterOptions): Promise<SessionPlace> => {
  const actor = await actorThread('sessions')
  const sessions = remoteSessions(actor.port, options)
  return {
    ...sessions,
    kill: async () => {
      await actor.kill()
      sessions.end()
    },
  }
}

const leadingThread = (files: StoreFiles): number => {
  const holder = currentHolder(files)
  if (holder === null) throw new Error(`nobody leads ${files.folder}`)
  return holder.threadId
}

/** The lock goes with its file: whoever looks next finds none. */
const freeze = async (files: StoreFiles): Promise<() => Promise<void>> => {
  const freezeOn = new Int32Array(new SharedArrayBuffer(8))
  // Would be answered when it has thawed.
  postMessageToThread(leadingThread(files), { freezeOn } satisfies FreezeRequest).catch(() => undefined)
  await Atomics.waitAsync(freezeOn, 1, 0).value
  for (const path of [files.lock, ...journalsOf(files.lock)]) rmSync(path, { force: true })
  return () => {
    Atomics.store(freezeOn, 0, 1)
    Atomics.notify(freezeOn, 0)
    return Promise.resolve()
  }
}

const userVersion = (path: string): number => {
  const file = openBetterSqlite({ path })
  try {
    return Number(file.prepare('PRAGMA user_version').get()?.[0])
  } finally {
    file.close()
  }
}

const setUserVersion = (path: string, version: number): void => {
  const file = openBetterSqlite({ path })
  try {
    file.exec(`PRAGMA user_version = ${version}`)
  } finally {
    file.close()
  }
}
