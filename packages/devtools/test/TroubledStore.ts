/**
 * A store with one of everything, synced up to `e5` and then cut off:
 *
 * | Position | Event                                                                                    |
 * | -------- | ---------------------------------------------------------------------------------------- |
 * | e1, e2   | milk and bread, added here                                                                |
 * | e3, e4   | eggs, added here and by another client under one key: whichever came second is quarantined |
 * | –        | a secret cake, which the backend refuses                                                   |
 * | e5       | the milk is bought                                                                         |
 * | e6, e6.1 | flour, and a draft that is client-only: not settled                                        |
 * | e7       | the bread is bought: not settled                                                           |
 */
import { type Adapter, createStore, type Store } from '@headwater/core'
import { Unreachable } from '@headwater/core/backend'
import { memoryBackend, type MemoryBackend } from '@headwater/testkit'
import { draftSaved, itemAdded, itemBought, schema } from './Shop.ts'

export interface TroubledStore {
  readonly store: Store
  /** Another client's. */
  readonly other: Store
  readonly backend: MemoryBackend
  readonly refusedId: string
  readonly quarantinedId: string
}

export const openTroubledStore = async (adapter: Adapter, otherAdapter: Adapter): Promise<TroubledStore> => {
  const backend = memoryBackend()
  const options = { schema, storeId: 'shop', log: () => undefined }
  const other = await createStore({ ...options, adapter: otherAdapter, backend })
  const store = await createStore({ ...options, adapter, backend })
  backend.setValidator(({ argsJson }) => (argsJson.includes('secret') ? 'no "secret cake" here' : undefined))
  await store.commit(itemAdded({ id: 'i1', name: 'milk', amount: 2 })).confirmed
  await store.commit(itemAdded({ id: 'i2', name: 'bread', amount: 1 })).confirmed
  await other.until(({ session }) => session.settledHead.global === 2)
  const quarantinedId = await collide(other, store, backend)
  const refused = store.commit(itemAdded({ id: 'i3', name: 'secret cake', amount: 1 }))
  await refused.confirmed.catch(() => undefined)
  await store.commit(itemBought({ id: 'i1' })).confirmed
  backend.setOnline(false)
  await store.until(({ backend: { connection } }) => connection === 'offline')
  await store.commit(itemAdded({ id: 'i5', name: 'flour', amount: 1 }), draftSaved({ id: 'd1', text: 'sugar?' }))
    .persisted
  await store.commit(itemBought({ id: 'i2' })).persisted
  return { store, other, backend, refusedId: refused.eventIds[0]!, quarantinedId }
}

/** Both add the same item: whoever comes second is in quarantine, everywhere. */
const collide = async (other: Store, store: Store, backend: MemoryBackend): Promise<string> => {
  const gate = backend.hold('push')
  const [a, b] = [
    other.commit(itemAdded({ id: 'i4', name: 'eggs', amount: 6 })),
    store.commit(itemAdded({ id: 'i4', name: 'eggs', amount: 10 })),
  ]
  await Promise.all([a.persisted, b.persisted])
  gate.release()
  const [one, two] = await Promise.all([a.confirmed, b.confirmed])
  await store.until(({ session }) => session.settledHead.global === 4)
  return one.effect === 'skipped' ? one.eventId : two.eventId
}

/** Back online: another client's event goes first, and what this store has pending is put on top of it again. */
export const rebaseUnderOther = async ({ store, other, backend }: TroubledStore): Promise<void> => {
  const gate = backend.hold('push')
  const before = backend.calls.push
  backend.setOnline(true)
  await untilPushes(backend, before + 1)
  const theirs = other.commit(itemAdded({ id: `o${before}`, name: 'oranges', amount: 4 }))
  await untilPushes(backend, before + 2)
  // This store's is the first at the gate: it is the one that fails, and tried again behind the other's.
  backend.failNext('push', new Unreachable({ detail: 'the connection was cut' }))
  gate.release()
  await theirs.confirmed
  await store.until(({ isSynced }) => isSynced)
}

const untilPushes = async (backend: MemoryBackend, count: number): Promise<void> => {
  while (backend.calls.push < count) await new Promise((resolve) => setTimeout(resolve, 0))
}
