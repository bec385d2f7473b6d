/** Stores and events of the load workloads: the same ones on every side, so that what was stored can be compared. */
import type { BackendEvent } from '@headwater/core/backend'

/** A log as its only writer knows it. */
export interface LoadStore {
  readonly index: number
  readonly storeId: string
  readonly backendId: string
  head: number
  lastId: string | null
}

export const loadStores = (count: number, prefix = 'load'): Array<LoadStore> =>
  Array.from({ length: count }, (_, index) => ({
    index,
    storeId: `${prefix}-${index}`,
    backendId: `log-${prefix}-${index}`,
    head: 0,
    lastId: null,
  }))

/** The next events of a log, which counts them as its own. */
export const nextEvents = (
  store: LoadStore,
  count: number,
  argsOf: (global: number) => string,
): ReadonlyArray<BackendEvent> => {
  const events: Array<BackendEvent> = []
  for (let i = 0; i < count; i++) {
    const global = store.head + 1
    events.push({
      global,
      parentGlobal: store.head,
      parentId: store.lastId,
      id: idOf(store.index, global),
      name: 'todoCreated',
      argsJson: argsOf(global),
      clientId: 'client-of-load',
      sessionId: 'session-of-load',
      createdAt: firstMs + global,
    })
    store.head = global
    store.lastId = idOf(store.index, global)
  }
  return events
}

/** An ordinary one: with it an event is about 330 bytes. */
export const todoArgsJson = (global: number): string =>
  JSON.stringify({ id: `todo-${global}`, text: 'a todo of an ordinary length, to be done today' })

/** So long that the event's JSON has this many bytes, or a few more. */
export const argsJsonFor = (eventBytes: number) => {
  const [probe] = nextEvents(
    { index: 99, storeId: '', backendId: '', head: 1_000, lastId: idOf(99, 1_000) },
    1,
    () => '""',
  )
  const rest = Math.max(0, eventBytes - JSON.stringify(probe).length)
  return (): string => JSON.stringify('x'.repeat(rest))
}

export const pushBody = (store: Pick<LoadStore, 'backendId'>, events: ReadonlyArray<BackendEvent>): string => {
  const parent = { global: events[0]?.parentGlobal ?? 0, eventId: events[0]?.parentId ?? null }
  return JSON.stringify({ backendId: store.backendId, parent, events })
}

/** 2025-01-01. */
const firstMs = 1_735_689_600_000

/** As the product makes them: UUIDs of version 7, which grow with the time; ten a millisecond. */
const idOf = (store: number, global: number): string => {
  const ms = (firstMs + Math.floor(global / 10)).toString(16).padStart(12, '0')
  const tail = (store * 16 + (global % 10)).toString(16).padStart(12, '0')
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${(global % 4096).toString(16).padStart(3, '0')}-8000-${tail}`
}
