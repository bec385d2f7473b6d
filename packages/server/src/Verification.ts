import { type BackendPosition, type PulledEvent, pageBytesMax, pageEventsMax } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import type { LogStorage, ReadAnswer, StorageFailed } from './LogStorage.ts'

/** What is wrong with one store's log. */
export interface LogFault {
  readonly storeId: string
  readonly fault: string
}

export interface Verification {
  readonly stores: number
  readonly events: number
  readonly faults: ReadonlyArray<LogFault>
}

/** Stores asked for at once. */
const storesMax = 1_000

/**
 * Reads every log from its root, as a new client does, and checks that each event follows the one before, that no id is there
 * twice, and that it ends where the head says. Works beside servers that append: a log is read up to the head it had.
 *
 * **Fails with**  `StorageFailed`; a log that is wrong is no failure, but in the answer.
 */
export const verifyLogs = (
  storage: Pick<LogStorage, 'stores' | 'read'>,
  onProgress: (soFar: Omit<Verification, 'faults'>) => void = () => undefined,
): Effect.Effect<Verification, StorageFailed> =>
  Effect.gen(function* () {
    const faults: Array<LogFault> = []
    let [stores, events] = [0, 0]
    for (let after: string | null = null; ;) {
      const storeIds: ReadonlyArray<string> = yield* storage.stores(after, storesMax)
      for (const storeId of storeIds) {
        const checked = yield* verifyLog(storage, storeId)
        if (checked.fault !== undefined) faults.push({ storeId, fault: checked.fault })
        stores += 1
        events += checked.events
        onProgress({ stores, events })
      }
      after = storeIds.at(-1) ?? null
      if (storeIds.length < storesMax) return { stores, events, faults }
    }
  })

interface CheckedLog {
  readonly events: number
  readonly fault: string | undefined
}

const verifyLog = (storage: Pick<LogStorage, 'read'>, storeId: string): Effect.Effect<CheckedLog, StorageFailed> =>
  Effect.gen(function* () {
    const ids = new Set<string>()
    let [last, cursor]: [BackendPosition, string | null] = [{ global: 0, eventId: null }, null]
    for (;;) {
      const page: ReadAnswer = yield* storage.read({
        storeId,
        backendId: null,
        after: last,
        cursor,
        eventsMax: pageEventsMax,
        bytesMax: pageBytesMax,
      })
      if (page._tag !== 'Events') {
        return { events: ids.size, fault: `what was read up to e${last.global} is not there any more` }
      }
      for (const text of page.eventsJson) {
        const event = JSON.parse(text) as PulledEvent
        const fault = faultOf(event, last, ids)
        if (fault !== undefined) return { events: ids.size, fault }
        ids.add(event.id)
        last = { global: event.global, eventId: event.id }
      }
      cursor = page.cursor
      if (page.eventsJson.length > 0 && last.global < page.head.global) continue
      const isWhole = last.global === page.head.global && last.eventId === page.head.eventId
      return {
        events: ids.size,
        fault: isWhole ? undefined : `it ends at e${last.global}, its head says e${page.head.global}`,
      }
    }
  })

const faultOf = (event: PulledEvent, before: BackendPosition, ids: ReadonlySet<string>): string | undefined => {
  if (event.global !== before.global + 1) return `e${event.global} stands behind e${before.global}`
  if (event.parentGlobal !== before.global || event.parentId !== before.eventId)
    return `e${event.global} names another parent than e${before.global} (${before.eventId})`
  return ids.has(event.id) ? `e${event.global} has the id of an event before it, ${event.id}` : undefined
}
