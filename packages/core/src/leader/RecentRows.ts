import { batchEventsMax } from '../backend/BackendLimits.ts'
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { compare, type Position } from '../event/EventSequenceNumber.ts'
import type { Eventlog } from './Eventlog.ts'

/** As many as a session has in flight at most (`session/PushQueue.ts`): their rows are fed without reading the log. */
const rowsMax = 16 * batchEventsMax

/** The last rows of the log, kept in memory so that feeding sessions that keep up reads no database. */
export class RecentRows {
  #rows: Array<NumberedEvent> = []

  append(rows: ReadonlyArray<NumberedEvent>): void {
    for (const row of rows) this.#rows.push(row)
    if (this.#rows.length > 2 * rowsMax) this.#rows = this.#rows.slice(-rowsMax)
  }

  rollBackTo(base: Position): void {
    while (this.#rows.length > 0 && compare(this.#rows.at(-1)!.seq, base) > 0) this.#rows.pop()
  }

  /** Nothing is known any more: rows are read from the log again. */
  clear(): void {
    this.#rows = []
  }

  /** **Shape** log rows strictly behind `after`, oldest first, at most `limit`. */
  page(log: Eventlog, after: Position, limit: number): ReadonlyArray<NumberedEvent> {
    const first = this.#rows[0]
    if (first === undefined || compare(first.seq, after) > 0) return log.page(after, limit)
    const start = this.#firstBehind(after)
    return this.#rows.slice(start, start + limit)
  }

  #firstBehind(after: Position): number {
    let [low, high] = [0, this.#rows.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (compare(this.#rows[middle]!.seq, after) > 0) high = middle
      else low = middle + 1
    }
    return low
  }
}
