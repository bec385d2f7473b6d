import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '@headwater/core'
import { createStore, type StoreOptions } from '@headwater/core'
import { afterEach } from 'vitest'
import { nodeAdapter, type NodeAdapterOptions } from '../src/index.ts'
import { schema } from './Todos.ts'

const cleanups: Array<() => Promise<unknown> | void> = []

/** Runs after the present test, last one first. */
export const afterThis = (cleanup: () => Promise<unknown> | void): void => void cleanups.push(cleanup)

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** An empty folder that goes with the present test. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-node-'))
  afterThis(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export type OpenOptions = NodeAdapterOptions & Partial<Omit<StoreOptions, 'adapter'>>

/** Opens a store that is closed with the present test. */
export const openStore = async (options: OpenOptions): Promise<Store> => {
  const { directory, leader, durability, waitForLock, heartbeatMs, workerUrl, ...store } = options
  const adapter = nodeAdapter({
    directory,
    ...(leader === undefined ? {} : { leader }),
    ...(durability === undefined ? {} : { durability }),
    ...(waitForLock === undefined ? {} : { waitForLock }),
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
    ...(workerUrl === undefined ? {} : { workerUrl }),
  })
  const opened = await createStore({ schema, storeId: 'demo', log: () => undefined, ...store, adapter })
  // A test that ends in the middle leaves things pending; they are not waited for.
  afterThis(() => opened.close({ signal: AbortSignal.timeout(2000) }).catch(() => undefined))
  return opened
}

/** Waits until `isReached`; looks again every few ms because files and threads tell nobody. */
export const eventually = async (isReached: () => boolean, what: string): Promise<void> => {
  const deadline = performance.now() + 8000
  while (!isReached()) {
    if (performance.now() > deadline) throw new Error(`timed out: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
