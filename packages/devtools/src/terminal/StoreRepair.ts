/** Retrying and discarding lost events of a store that no app has open, as its leader would. */
import { randomUUID } from 'node:crypto'
import { type HeldEventlog, holdEventlog, type StoreFolder, StoreLocked } from '@headwater/adapter-node'
import type { EventEnvelope } from '@headwater/core/adapter'
import { nextPosition } from '@headwater/core/adapter'
import { StateFile } from './StateFile.ts'
import { EventNotChosen, StoreOpen, Usage } from './TerminalError.ts'

export interface Repaired {
  /** The event that was refused or quarantined. */
  readonly eventId: string
  readonly name: string
  /** Under which it is tried again; `null` where it was discarded. */
  readonly newId: string | null
}

/**
 * Commits lost events again, under new ids, behind the log; refused ones are discarded in the same transaction. The app
 * materializes and pushes them when it opens the store.
 *
 * **Shape**  `given`: ids, or beginnings of ids that fit one event. All of them or none.
 *
 * **Fails with**  `EventNotChosen`; `StoreOpen` while an app has it open; as `holdEventlog`.
 */
export const retryEvents = (folder: StoreFolder, given: ReadonlyArray<string>): ReadonlyArray<Repaired> => {
  const quarantined = quarantinedIds(folder)
  return held(folder, ({ eventlog }) => {
    const refused = refusedIn(eventlog)
    const inLog = quarantined.flatMap((id) => eventlog.byId(id)?.event ?? [])
    const all = [...refused, ...inLog]
    const chosen = [...new Set(given.map((id) => choose(all, id, 'refused and quarantined events')))]
    let head = eventlog.localHead()
    const rows = chosen.map((event) => {
      head = nextPosition(head, event.isClientOnly)
      return { seq: head, event: again(event, eventlog.status.clientId) }
    })
    eventlog.write({ rows, dismissed: refused.filter((event) => chosen.includes(event)).map(({ id }) => id) })
    return chosen.map(({ id, name }, i) => ({ eventId: id, name, newId: rows[i]!.event.id }))
  })
}

/** Dismisses dead letters: they are kept, and listed no more. **Fails with** as {@link retryEvents}; `Usage` for a quarantined event. */
export const discardEvents = (folder: StoreFolder, given: ReadonlyArray<string>): ReadonlyArray<Repaired> => {
  const quarantined = quarantinedIds(folder)
  return held(folder, ({ eventlog }) => {
    const refused = refusedIn(eventlog)
    const chosen = given.map((id) => {
      const isInLog = !refused.some((event) => event.id.startsWith(id)) && quarantined.some((one) => one.startsWith(id))
      if (isInLog)
        throw new Usage({
          problem: `${id} is in quarantine, and that is in the log for good; an app hides it with store.quarantined.dismiss`,
        })
      return choose(refused, id, 'refused events')
    })
    eventlog.write({ rows: [], dismissed: chosen.map(({ id }) => id) })
    return chosen.map(({ id, name }) => ({ eventId: id, name, newId: null }))
  })
}

const held = <A>({ directory, storeId }: StoreFolder, use: (held: HeldEventlog) => A): A => {
  const taken = hold({ directory, storeId })
  try {
    return use(taken)
  } finally {
    taken.close()
  }
}

/** **Fails with** `StoreOpen`, and as `holdEventlog`. */
const hold = (store: Pick<StoreFolder, 'directory' | 'storeId'>): HeldEventlog => {
  try {
    return holdEventlog(store)
  } catch (error) {
    if (!(error instanceof StoreLocked)) throw error
    const { holder } = error
    const who = holder === null ? 'another process' : `process ${holder.pid} on ${holder.hostname}`
    throw new StoreOpen({ storeId: store.storeId, holder: who })
  }
}

const refusedIn = (eventlog: HeldEventlog['eventlog']): ReadonlyArray<EventEnvelope> =>
  eventlog.rejected().flatMap(({ event, isDismissed }) => (isDismissed ? [] : [event]))

const quarantinedIds = ({ state }: StoreFolder): ReadonlyArray<string> => {
  if (state === null) return []
  const file = new StateFile(state)
  try {
    return file.quarantined().map(({ eventId }) => eventId)
  } finally {
    file.close()
  }
}

const choose = (events: ReadonlyArray<EventEnvelope>, given: string, where: string): EventEnvelope => {
  const found = events.filter(({ id }) => id.startsWith(given))
  const exact = found.find(({ id }) => id === given) ?? (found.length === 1 ? found[0] : undefined)
  if (exact === undefined) throw new EventNotChosen({ given, found: found.length, where })
  return exact
}

/** The same fact, committed now: an id of its own, a commit of its own. */
const again = (event: EventEnvelope, clientId: string): EventEnvelope => ({
  ...event,
  id: randomUUID(),
  commitId: randomUUID(),
  sessionId: randomUUID(),
  clientId,
  createdAt: Date.now(),
})
