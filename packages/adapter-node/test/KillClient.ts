/**
 * A client process that is killed: opens its store, proves it sound, then commits and syncs until it is stopped. Tells
 * its owner over IPC what is acknowledged.
 */
import { createStore, type EventInput, type Store } from '@headwater/core'
import { httpBackend } from '../../backend-http/src/index.ts'
import { nodeAdapter, openStoreFiles } from '../src/index.ts'
import { fold, readLog, tablesOf } from './Fold.ts'
import { seededRandom } from '../../testkit/src/SeededRandom.ts'
import { schema, selected, selections, todoCreated, todoDeleted, todoRenamed, todos } from './Todos.ts'

export interface KillClientOptions {
  readonly directory: string
  readonly url: string
  readonly seed: number
  readonly leader: 'worker' | 'same-thread'
  readonly workerUrl: string
}

export type FromKillClient =
  | { readonly is: 'open'; readonly logged: number }
  | {
      readonly is: 'persisted' | 'confirmed'
      readonly ids: ReadonlyArray<string>
      readonly synced: ReadonlyArray<string>
    }
  | { readonly is: 'unsound'; readonly why: string }
  | { readonly is: 'quiet' }
  | { readonly is: 'finished'; readonly tables: string }

/** `quiet`: commit no more, and sync. `finish`: when everything up to that head is here, tell the tables, and end. */
export type ToKillClient = { readonly is: 'quiet' } | { readonly is: 'finish'; readonly head: number }

const tell = (message: FromKillClient): void => void process.send?.(message)

const { directory, url, seed, leader, workerUrl } = JSON.parse(process.argv[2] ?? '{}') as KillClientOptions
const random = seededRandom(seed)
const storeId = 'demo'
const quiet = () => undefined

const tablesNow = (store: Store): string =>
  JSON.stringify({
    todos: store
      .query(todos.orderBy('id'))
      .map(({ id, text }) => `${id}=${text}`)
      .sort(),
    selections: store
      .query(selections.orderBy('id'))
      .map(({ id, n }) => `${id}=${n}`)
      .sort(),
  })

/** Without the backend nothing moves: session and leader must show the fold of the log as the kill left it. */
const proveSound = async (): Promise<number> => {
  const store = await createStore({
    schema,
    storeId,
    adapter: nodeAdapter({ directory, leader: 'same-thread' }),
    log: quiet,
  })
  const shown = tablesNow(store)
  const { session } = store.status
  await store.close()
  const files = openStoreFiles({ directory, storeId })
  const log = readLog(files.eventlog)
  const expected = JSON.stringify(fold(log))
  const state = JSON.stringify(tablesOf((sql) => files.state.prepare(sql).all()))
  files.close()
  if (shown !== expected) tell({ is: 'unsound', why: `the session shows ${shown}, its log folds to ${expected}` })
  if (state !== expected && session.pending === 0) {
    // The state may lag behind the log for as long as its session has not reported; this one had no time to.
    const second = await createStore({
      schema,
      storeId,
      adapter: nodeAdapter({ directory, leader: 'same-thread' }),
      log: quiet,
    })
    if (tablesNow(second) !== expected)
      tell({ is: 'unsound', why: `opened again it shows ${tablesNow(second)} instead of ${expected}` })
    await second.close()
  }
  return log.length
}

const someEvent = (): EventInput => {
  const id = `t${Math.floor(random() * 30)}`
  const text = `${seed}.${Math.floor(random() * 1e9)}`
  const kind = random()
  if (kind < 0.5) return todoCreated({ id, text })
  if (kind < 0.75) return todoRenamed({ id, text })
  if (kind < 0.9) return todoDeleted({ id })
  return selected({ id, n: Math.floor(random() * 1000) })
}

const run = async (): Promise<void> => {
  const logged = await proveSound()
  const store = await createStore({
    schema,
    storeId,
    log: quiet,
    adapter: nodeAdapter({ directory, leader, workerUrl }),
    backend: httpBackend({ url }),
  })
  tell({ is: 'open', logged })
  let isQuiet = false
  process.on('message', (message: ToKillClient) => {
    isQuiet = true
    void (message.is === 'quiet' ? settle(store) : finish(store, message.head))
  })
  while (!isQuiet) {
    const events = Array.from({ length: 1 + Math.floor(random() * 3) }, someEvent)
    const { eventIds, persisted, confirmed } = store.commit(...events)
    const synced = eventIds.filter((_, i) => events[i]?.definition.isClientOnly === false)
    persisted.then(() => tell({ is: 'persisted', ids: eventIds, synced }), quiet)
    confirmed.then(() => tell({ is: 'confirmed', ids: eventIds, synced }), quiet)
    await (random() < 0.2 ? persisted : new Promise((resolve) => setTimeout(resolve, 3 * random())))
  }
}

const settle = async (store: Store): Promise<void> => {
  await store.until(
    ({ session, backend }) => session.pending === 0 && backend.pending === 0 && backend.connection === 'online',
  )
  tell({ is: 'quiet' })
}

const finish = async (store: Store, head: number): Promise<void> => {
  await store.until((status) => status.isSynced && status.leader.settledHead.global >= head)
  tell({ is: 'finished', tables: tablesNow(store) })
  await store.close()
  process.disconnect()
}

run().catch((error: unknown) => {
  tell({ is: 'unsound', why: String(error) })
  process.exitCode = 1
})
