/** What becomes of a store whose files are damaged, gone or full. `headwaterHealing` is for what needs the test's hand. */
import {
  column,
  createStore,
  defineEvent,
  defineSchema,
  importStore,
  Schema,
  type Store,
  type StoreStatus,
  table,
} from '@headwater/core'
import { Unavailable } from '@headwater/core/backend'
import { SqliteError } from '@headwater/core/sqlite'
import { type MemoryBackend, memoryBackend } from '@headwater/testkit'
import { eventlogName, stateName } from '../../../src/OpfsLeaderStorage.ts'
import { decodeLabel, labelAreaBytes, labelBytes, type SlotLabel } from '../../../src/SlotLabel.ts'
import { webAdapter, type WebAdapterOptions } from '../../../src/WebAdapter.ts'
import { exposePageSuite, suiteCases } from '../SuiteCases.ts'

const notes = table('notes', { id: column.text().primaryKey(), text: column.text() })
const noteAdded = defineEvent('noteAdded', Schema.Struct({ id: Schema.String, text: Schema.String }))
const schema = defineSchema({
  version: 1,
  tables: { notes },
  events: { noteAdded },
  materializers: { noteAdded: ({ id, text }) => notes.insert({ id, text }) },
})

const directory = 'healing'
const text = 'n'.repeat(200)
const waitMs = 20_000

const startWorker = (): Worker =>
  new Worker(new URL('../../../src/LeaderWorker.ts', import.meta.url), { type: 'module' })
const startWithoutFiles = (): Worker => new Worker(new URL('./NoFilesWorker.ts', import.meta.url), { type: 'module' })

const adapterOf = (options: WebAdapterOptions = {}) => webAdapter({ directory, startWorker, ...options })

const open = (storeId: string, backend?: MemoryBackend, options: WebAdapterOptions = {}): Promise<Store> =>
  createStore({
    schema,
    storeId,
    adapter: adapterOf(options),
    log: () => undefined,
    ...(backend === undefined ? {} : { backend }),
  })

const idsIn = (store: Store): string => JSON.stringify(store.query(notes.orderBy('id')).map(({ id }) => id))

const add = async (store: Store, from: number, count: number): Promise<void> => {
  const receipts = Array.from({ length: count }, (_, i) =>
    store.commit(noteAdded({ id: `note ${String(from + i).padStart(5, '0')}`, text })),
  )
  await Promise.all(receipts.map(({ persisted }) => persisted))
}

const until = (store: Store, condition: () => boolean): Promise<unknown> =>
  store.until(condition, AbortSignal.timeout(waitMs))

const untilSynced = (store: Store) => until(store, () => store.status.isSynced)

const tagsOf = ({ storage }: StoreStatus): string => storage.warnings.map(({ tag }) => tag).join(' ')

const equal = (actual: unknown, expected: unknown, what: string): void => {
  if (actual !== expected)
    throw new Error(`${what}: ${String(actual).slice(0, 300)} instead of ${String(expected).slice(0, 300)}`)
}

const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'nothing failed',
    (error: unknown) => (error as { readonly _tag?: string })._tag,
  )

// ------------------------------------------------------------------------------------------------------ files

const poolFolder = async (storeId: string): Promise<FileSystemDirectoryHandle> => {
  let folder = await navigator.storage.getDirectory()
  for (const name of [directory, storeId, '1']) folder = await folder.getDirectoryHandle(name)
  return folder
}

const labelOf = async (file: FileSystemFileHandle): Promise<SlotLabel> => {
  const bytes = new Uint8Array(await (await file.getFile()).slice(0, labelAreaBytes).arrayBuffer())
  const labels = [decodeLabel(bytes.subarray(0, labelBytes)), decodeLabel(bytes.subarray(labelBytes))]
  return (
    labels.reduce((a, b) => ((a?.generation ?? -1) >= (b?.generation ?? -1) ? a : b)) ?? { generation: -1, name: '' }
  )
}

/** Number of the slot that has this name. */
const slotOf = async (storeId: string, name: string): Promise<string> => {
  const folder = await poolFolder(storeId)
  for await (const [file, handle] of folder.entries())
    if (file.endsWith('.db') && (await labelOf(handle as FileSystemFileHandle)).name === name) return file.slice(0, -3)
  throw new Error(`there is no ${name}`)
}

/** Overwrites bytes with nonsense. A leader that has just ended may still hold the file. */
const damage = async (storeId: string, file: string, from: number, bytes: number): Promise<void> => {
  const handle = await (await poolFolder(storeId)).getFileHandle(file)
  const writable = await whenFree(() => handle.createWritable({ keepExistingData: true }))
  const nonsense = new Uint8Array(bytes).fill(0x5a)
  await writable.write({ type: 'write', position: from, data: nonsense })
  await writable.close()
}

const removeSlot = async (storeId: string, slot: string): Promise<void> => {
  const folder = await poolFolder(storeId)
  for (const file of [`${slot}.db`, `${slot}.journal`]) await whenFree(() => folder.removeEntry(file))
}

const whenFree = async <A>(attempt: () => Promise<A>): Promise<A> => {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if ((error as Error).name !== 'NoModificationAllowedError') throw error
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

// ------------------------------------------------------------------------------------------------------ cases

const suite = suiteCases()
const { test } = suite
let stores = 0

/** A store of its own that was filled, synced where it has a backend, and closed. */
const filled = async (count: number, backend?: MemoryBackend) => {
  const storeId = `store-${++stores}`
  const store = await open(storeId, backend)
  await add(store, 0, count)
  if (backend !== undefined) await untilSynced(store)
  const ids = idsIn(store)
  await store.close()
  return { storeId, ids }
}

test('a store that was closed has everything when it is opened again', async () => {
  const { storeId, ids } = await filled(300)
  const store = await open(storeId)
  equal(idsIn(store), ids, 'notes')
  equal(store.status.storage.kind, 'files', 'kind')
  await store.close()
})

for (const [what, from] of [
  ['header', labelAreaBytes],
  ['pages', labelAreaBytes + 4096],
] as const)
  test(`a state database whose ${what} are nonsense is made again from the log`, async () => {
    const { storeId, ids } = await filled(300)
    await damage(storeId, `${await slotOf(storeId, stateName)}.db`, from, 20_000)
    const store = await open(storeId)
    equal(idsIn(store), ids, 'notes')
    await add(store, 300, 10)
    await store.close()
    const again = await open(storeId)
    equal(again.query(notes.orderBy('id')).length, 310, 'notes in the end')
    await again.close()
  })

test('a state database that is gone is made again from the log', async () => {
  const { storeId, ids } = await filled(300)
  await removeSlot(storeId, await slotOf(storeId, stateName))
  const store = await open(storeId)
  equal(idsIn(store), ids, 'notes')
  await store.close()
})

test('an eventlog with nonsense in its middle keeps what can be read; the rest comes from the backend', async () => {
  const backend = memoryBackend()
  const { storeId, ids } = await filled(400, backend)
  await damage(storeId, `${await slotOf(storeId, eventlogName)}.db`, labelAreaBytes + 10 * 4096, 3 * 4096)
  const store = await open(storeId, backend)
  await untilSynced(store)
  equal(idsIn(store), ids, 'notes')
  await store.close()
})

test('events that were not pushed are found in a damaged eventlog', async () => {
  const backend = memoryBackend()
  const { storeId } = await filled(400, backend)
  backend.setOnline(false)
  const offline = await open(storeId, backend)
  await add(offline, 400, 20)
  const ids = idsIn(offline)
  await offline.close()
  await damage(storeId, `${await slotOf(storeId, eventlogName)}.db`, labelAreaBytes + 8 * 4096, 2 * 4096)
  backend.setOnline(true)
  const store = await open(storeId, backend)
  await untilSynced(store)
  equal(idsIn(store), ids, 'notes')
  await store.close()
})

test('an eventlog that is nothing but nonsense is fetched again from the backend', async () => {
  const backend = memoryBackend()
  const { storeId, ids } = await filled(300, backend)
  await damage(storeId, `${await slotOf(storeId, eventlogName)}.db`, labelAreaBytes, 200_000)
  const store = await open(storeId, backend)
  await untilSynced(store)
  equal(idsIn(store), ids, 'notes')
  await store.close()
})

test('an eventlog that is gone is fetched again, and the status says that it was lost', async () => {
  const backend = memoryBackend()
  const { storeId, ids } = await filled(300, backend)
  await removeSlot(storeId, await slotOf(storeId, eventlogName))
  const store = await open(storeId, backend)
  await untilSynced(store)
  equal(idsIn(store), ids, 'notes')
  equal(tagsOf(store.status).includes('EventlogLost'), true, `EventlogLost in ${tagsOf(store.status)}`)
  await store.close()
})

test('a file whose labels are nonsense is known by the copy in its journal', async () => {
  const { storeId, ids } = await filled(300)
  for (const name of [eventlogName, stateName])
    await damage(storeId, `${await slotOf(storeId, name)}.db`, 0, labelAreaBytes)
  const store = await open(storeId)
  equal(idsIn(store), ids, 'notes')
  await store.close()
})

test('a store whose files were all deleted is fetched again', async () => {
  const backend = memoryBackend()
  const { storeId, ids } = await filled(300, backend)
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(directory)
  await whenFree(() => folder.removeEntry(storeId, { recursive: true }))
  const store = await open(storeId, backend)
  await untilSynced(store)
  equal(idsIn(store), ids, 'notes')
  await store.close()
})

/** Park and Miller's generator. */
const seeded = (start: number): (() => number) => {
  let state = (start % 2_147_483_646) + 1
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

const pageBytes = 4096

/** Random pages of a random database, whole: SQLite has no checksum that would tell of less. */
const damageAnywhere = async (storeId: string, random: () => number): Promise<string> => {
  const folder = await poolFolder(storeId)
  const files: Array<readonly [string, number]> = []
  for await (const [name, handle] of folder.entries()) {
    const { size } = await (handle as FileSystemFileHandle).getFile()
    if (name.endsWith('.db') && size > labelAreaBytes)
      files.push([name, Math.floor((size - labelAreaBytes) / pageBytes)])
  }
  files.sort(([a], [b]) => (a < b ? -1 : 1))
  const [name, pages] = files[Math.floor(random() * files.length)]!
  const from = Math.floor(random() * pages)
  const count = 1 + Math.floor(random() ** 3 * (pages - from))
  await damage(storeId, name, labelAreaBytes + from * pageBytes, count * pageBytes)
  return `${count} pages of ${name} from ${from} of ${pages}`
}

/** Damage in a state is found where it is read: that query fails, the state is made again, and the app asks again. */
const idsAtLast = async (store: Store): Promise<string> => {
  const deadline = performance.now() + waitMs
  for (;;) {
    try {
      await untilSynced(store)
      return idsIn(store)
    } catch (error) {
      if (!(error instanceof SqliteError && error.isDamage) || performance.now() > deadline) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('random damage, again and again: everything is there once it has synced', async () => {
  const rounds = 8
  const seed = Date.now() % 1_000_000
  const random = seeded(seed)
  const backend = memoryBackend()
  const { storeId, ids } = await filled(400, backend)
  for (let round = 0; round < rounds; round++) {
    const what = await damageAnywhere(storeId, random)
    const store = await open(storeId, backend)
    equal(await idsAtLast(store), ids, `notes after ${what}, seed ${seed}`)
    await store.close()
  }
  return `random_damages=${rounds} seed=${seed} lost=0`
})

test('an exported log becomes another store; not over one that exists, and not if it is damaged', async () => {
  const { storeId, ids } = await filled(300)
  const store = await open(storeId)
  const bytes = await store.export()
  await store.close()
  const copy = `store-${++stores}`
  await importStore({ adapter: adapterOf(), storeId: copy, bytes })
  const imported = await open(copy)
  equal(idsIn(imported), ids, 'notes')
  await imported.close()
  equal(await failureOf(importStore({ adapter: adapterOf(), storeId: copy, bytes })), 'StoreExists', 'a second import')
  const broken = importStore({ adapter: adapterOf(), storeId: `store-${++stores}`, bytes: bytes.fill(9, 0, 5000) })
  equal(await failureOf(broken), 'SqliteError', 'the import of nonsense')
})

test('wipe leaves nothing of a store, and nothing of it comes back', async () => {
  const { storeId } = await filled(50)
  const store = await open(storeId)
  await store.wipe()
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(directory)
  for await (const name of folder.keys()) if (name === storeId) throw new Error('its folder is still there')
  const fresh = await open(storeId)
  equal(idsIn(fresh), '[]', 'notes')
  await fresh.close()
})

test('without OPFS a store is in memory, works, syncs, and the status says so', async () => {
  const backend = memoryBackend()
  const storeId = `store-${++stores}`
  const store = await open(storeId, backend, { startWorker: startWithoutFiles })
  await add(store, 0, 20)
  await untilSynced(store)
  equal(store.status.storage.kind, 'memory', 'kind')
  equal(tagsOf(store.status), 'OpfsUnavailable', 'warnings')
  const [firstTerm, ids] = [store.status.leader.term, idsIn(store)]
  await store.close()
  const again = await open(storeId, backend, { startWorker: startWithoutFiles })
  await untilSynced(again)
  equal(idsIn(again), ids, 'notes')
  equal(again.status.leader.term > firstTerm, true, 'a term that rises')
  await again.close()
})

/** Longer than any test. **Units** ms. */
const never = 600_000

for (const [what, tell] of [
  ['back in the network', () => dispatchEvent(new Event('online'))],
  ['shown again', () => document.dispatchEvent(new Event('visibilitychange'))],
] as const)
  test(`a page that is ${what} tries at once what a backend has put off`, async () => {
    const backend = memoryBackend()
    const store = await open(`store-${++stores}`, backend)
    await untilSynced(store)
    backend.failNext('push', new Unavailable({ detail: 'come back later', retryAfterMs: never }))
    await add(store, 0, 1)
    await until(store, () => store.status.backend.error !== null)
    tell()
    await untilSynced(store)
    await store.close()
  })

exposePageSuite(suite)

// ------------------------------------------------------------------------------- what needs the test's own hand

let kept: Store | undefined
let added = 0

const healing = {
  open: async () => {
    kept = await open('by-hand')
    return tagsOf(kept.status)
  },
  /** In a browser without OPFS. */
  openInMemory: async () => {
    kept = await open('in-memory', undefined, { startWorker: startWithoutFiles })
    return { kind: kept.status.storage.kind, term: kept.status.leader.term }
  },
  /** Events of this tab alone. */
  commitAs: (tab: string, count: number): void => {
    for (let i = 0; i < count; i++) kept!.commit(noteAdded({ id: `${tab} ${added++}`, text }))
  },
  /** Until a leader of a later term has what this tab has committed since. */
  untilTermAbove: async (term: number) => {
    await until(kept!, () => kept!.status.leader.term > term && kept!.status.leader.connection === 'connected')
    kept!.commit(noteAdded({ id: `term ${kept!.status.leader.term}`, text }))
    await until(kept!, () => kept!.status.session.pending === 0)
    return { kind: kept!.status.storage.kind, term: kept!.status.leader.term }
  },
  /** What opening a new store fails with. */
  failureOfNew: async () => failureOf(open(`by-hand-${++stores}`)),
  /** Commits without waiting. */
  commit: (count: number): void => {
    for (let i = 0; i < count; i++) kept!.commit(noteAdded({ id: `by hand ${added++}`, text: text.repeat(20) }))
  },
  untilError: async () => {
    await until(kept!, () => kept!.status.backend.error !== null)
    return kept!.status.backend.error
  },
  untilPersisted: async () => {
    await until(kept!, () => kept!.status.session.pending === 0 && kept!.status.leader.connection === 'connected')
    return { added, notes: kept!.query(notes.orderBy('id')).length }
  },
  /** Warnings, as soon as that one is there, or is not. */
  untilWarned: async (tag: string, isThere: boolean) => {
    await until(kept!, () => tagsOf(kept!.status).includes(tag) === isThere)
    return tagsOf(kept!.status)
  },
  close: () => kept!.close(),
}

export type HealingMethods = typeof healing

Object.assign(globalThis, { headwaterHealing: healing })
