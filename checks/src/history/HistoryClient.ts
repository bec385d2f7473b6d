/**
 * A client of a history: opens its store on its own files, commits and reads until it is told to be quiet (or is killed),
 * and tells the checker each operation in the order in which it happens.
 */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeAdapter } from '@headwater/adapter-node'
import { httpBackend } from '@headwater/backend-http'
import { createStore, EventRejected, StoreClosed, type Store } from '@headwater/core'
import { seededRandom } from '@headwater/testkit/node'
import type { FromClient, HistoryClientOptions, ToClient } from './ClientMessage.ts'
import { readLists, schema, someGroup, storeId } from './Workload.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as HistoryClientOptions
const random = seededRandom(options.seed)
const tell = (message: FromClient): void => void process.send?.(message)
const tellProblem = (what: string, error: unknown): void =>
  tell({ is: 'problem', detail: `${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` })

/** A file, because what a killed process says is still wanted. */
const note = (line: unknown): void =>
  appendFileSync(
    join(options.directory, 'log.txt'),
    `${new Date().toISOString()} ${options.life} ${JSON.stringify(line)}\n`,
  )

const exit = (): void => process.exit()

// -------------------------------------------------------------------------------------------------------- network

/** Of the machine: without it nothing gets out, and what is under way breaks. */
let network: AbortController | null = options.isOffline ? null : new AbortController()

const fetchIfOnline: typeof fetch = async (input, init = {}) => {
  if (network === null) throw new TypeError('fetch failed: this machine is offline')
  const signals = [network.signal, ...(init.signal ? [init.signal] : [])]
  return await fetch(input, { ...init, signal: AbortSignal.any(signals) })
}

const setOnline = (store: Store, isOnline: boolean): void => {
  network?.abort(new TypeError('the machine went offline'))
  network = isOnline ? new AbortController() : null
  // As an app does with the `online` event of its platform.
  if (isOnline) void store.retrySync().catch((error: unknown) => note(String(error)))
}

// ------------------------------------------------------------------------------------------------------- workload

const commit = (store: Store, number: number): void => {
  const { id: group, entries, events } = someGroup(options.client, options.life, number, random)
  tell({ is: 'committing', group, entries })
  try {
    const receipt = store.commit(...events)
    tell({ is: 'committed', group })
    follow(receipt.persisted, 'persisted', group)
    follow(receipt.confirmed, 'confirmed', group)
  } catch (error) {
    tellProblem(`commit of ${group} threw`, error)
  }
}

const follow = (promise: Promise<unknown>, is: 'persisted' | 'confirmed', group: string): void =>
  void promise.then(
    () => tell({ is, group }),
    (error: unknown) => {
      if (error instanceof EventRejected) tell({ is: 'rejected', group })
      else if (!(error instanceof StoreClosed)) tellProblem(`${is} of ${group} rejected`, error)
    },
  )

const read = (store: Store): void =>
  tell({ is: 'read', lists: readLists(store), settled: store.status.session.settledHead.global })

const wait = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

const work = async (store: Store, isOver: () => boolean): Promise<void> => {
  for (let number = 0; !isOver(); number++) {
    // Evenly random arrivals: the waits between them are exponential.
    await wait(Math.min(5_000, (-Math.log(1 - random()) * 1_000) / options.rate))
    if (isOver()) return
    commit(store, number)
    if (random() < 0.4) read(store)
  }
}

const finish = async (store: Store): Promise<void> => {
  tell({ is: 'finished', lists: readLists(store), quarantined: store.quarantined.list().length })
  await store.close()
  // Whatever still keeps the process alive now is a leak; the checker waits for its end.
  process.off('disconnect', exit)
  process.disconnect()
}

const run = async (): Promise<void> => {
  const store = await createStore({
    schema,
    storeId,
    log: note,
    adapter: nodeAdapter({ directory: options.directory, workerUrl: options.workerUrl, heartbeatMs: 2_000 }),
    // Short limits, so that what a fault has silenced for ever is given up well within the time to become idle again.
    backend: httpBackend({
      url: options.url,
      fetch: fetchIfOnline,
      heartbeat: 1_500,
      timeout: 3_000,
      firstByteTimeout: 3_000,
    }),
  })
  tell({ is: 'opened' })
  read(store)
  store.onNotice(note)
  let isQuiet = options.isQuiet
  const beQuiet = (): void => {
    isQuiet = true
    store.onStatus((status) => tell({ is: 'status', status }))
  }
  if (isQuiet) beQuiet()
  process.on('message', ({ is }: ToClient) => {
    note({ told: is })
    if (is === 'quiet' && !isQuiet) beQuiet()
    if (is === 'finish') finish(store).catch((error: unknown) => tellProblem('the store does not close', error))
    if (is === 'offline' || is === 'online') setOnline(store, is === 'online')
  })
  await work(store, () => isQuiet)
}

process.on('disconnect', exit)
run().catch((error: unknown) => {
  tellProblem('the client failed', error)
  process.exitCode = 1
})
