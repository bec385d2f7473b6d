import { isOfStatement, isUniqueViolation } from './PostgresError.ts'
import type { PostgresAppend, PostgresLog } from './PostgresLog.ts'

/**
 * Group commit over stores: appends that wait for a connection go together in one statement, one per store, so that they
 * share a round trip and a sync to disk. Their fates stay their own: each store takes its append or not, and a group whose
 * statement fails because of one of them is done again one by one.
 */
export interface PostgresAppends {
  /** Whether the store took it: then it is durable. **Fails with** what pg throws. */
  readonly run: (append: PostgresAppend) => Promise<boolean>
}

interface Queued {
  readonly append: PostgresAppend
  readonly sinceMs: number
  readonly resolve: (isTaken: boolean) => void
  readonly reject: (error: unknown) => void
}

/** Bounds how much one failure repeats and how long a statement runs: 64 batches of 100 events are about 100 ms. */
const groupMax = 64
/** Of events in one statement; one batch has at most 1 MiB. */
const groupBytesMax = 4 * 1024 * 1024

export interface PostgresAppendsOptions {
  readonly log: Pick<PostgresLog, 'append'>
  /** Statements under way at once; the rest of the connections is for reads. */
  readonly flightsMax: number
  /** Who has waited longer for a connection is told to come back: its client has given up, and will ask again. */
  readonly waitMs: number
}

export const makePostgresAppends = ({ log, flightsMax, waitMs }: PostgresAppendsOptions): PostgresAppends => {
  /** By store, so that the appends of one store keep their order; the stores in the order of their oldest wait. */
  const queues = new Map<string, Array<Queued>>()
  const busy = new Set<string>()
  let flights = 0
  let isScheduled = false

  const giveUp = (): void => {
    const nowMs = performance.now()
    for (const [storeId, queue] of queues) {
      const isLate = (queued: Queued): boolean => nowMs - queued.sinceMs > waitMs
      if (!queue.some(isLate)) continue
      for (const { reject } of queue.filter(isLate)) reject(new Error(`no connection was free for ${waitMs} ms`))
      const rest = queue.filter((queued) => !isLate(queued))
      if (rest.length === 0) queues.delete(storeId)
      else queues.set(storeId, rest)
    }
  }
  const take = (): Array<Queued> => {
    const group: Array<Queued> = []
    let bytes = 0
    for (const [storeId, queue] of queues) {
      const next = queue[0]
      if (next === undefined || busy.has(storeId)) continue
      bytes += next.append.eventsJson.reduce((sum, json) => sum + json.length, 0)
      if (group.length === groupMax || (group.length > 0 && bytes > groupBytesMax)) break
      group.push(next)
    }
    for (const { append } of group) leaveQueue(append.storeId)
    return group
  }
  const leaveQueue = (storeId: string): void => {
    const queue = queues.get(storeId)?.slice(1) ?? []
    queues.delete(storeId)
    if (queue.length > 0) queues.set(storeId, queue)
    busy.add(storeId)
  }
  const fly = async (group: ReadonlyArray<Queued>): Promise<void> => {
    flights += 1
    await write(log, group)
    flights -= 1
    for (const { append } of group) busy.delete(append.storeId)
    start()
  }
  const start = (): void => {
    isScheduled = false
    giveUp()
    while (flights < flightsMax) {
      const group = take()
      if (group.length === 0) break
      void fly(group)
    }
  }
  return {
    run: (append) =>
      new Promise((resolve, reject) => {
        const queue = queues.get(append.storeId) ?? []
        queue.push({ append, sinceMs: performance.now(), resolve, reject })
        queues.set(append.storeId, queue)
        // What else arrives in this tick comes along.
        if (!isScheduled) setImmediate(start)
        isScheduled = true
      }),
  }
}

/** Settles every append of the group; never throws. */
const write = async (log: Pick<PostgresLog, 'append'>, group: ReadonlyArray<Queued>): Promise<void> => {
  try {
    const taken = await log.append(group.map(({ append }) => append))
    for (const { append, resolve } of group) resolve(taken.has(append.storeId))
  } catch (error) {
    if (group.length > 1 && isOfStatement(error)) {
      for (const queued of group) await write(log, [queued])
      return
    }
    // An id that is there already: nothing was stored, and who judges it finds out where.
    for (const { resolve, reject } of group) {
      if (isUniqueViolation(error)) resolve(false)
      else reject(error)
    }
  }
}
