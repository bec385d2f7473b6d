/**
 * The events that upstream has not confirmed yet: a window over a shared buffer.
 *
 * Every commit makes a new SyncState and every confirmation shortens one, while the older states must stay readable
 * (a transaction that fails goes back to the one before). So states share one growing buffer, as slices do in Go:
 *
 * ```text
 * buffer   . . . a b c d e f g h          dead front, then live events
 * older          [a b c d e f)            start 3, end 9
 * newer              [c d e f g h)        start 5, end 11 = end of the buffer
 * ```
 *
 *  1. `append` to a window that ends where its buffer ends writes behind it: O(new), amortized. A window that ends
 *     earlier has a younger sibling that wrote there; it copies its live events to a buffer of its own first.
 *  2. `dropFirst` moves the start: O(1). Once the dead front is as long as the live part (and at least
 *     {@link deadFrontMin}), the live part moves to a fresh buffer: it is no longer than what was dropped since the
 *     last move, so dropping costs O(dropped), amortized, and memory stays within twice the live part.
 *  3. Nothing inside any window is ever overwritten, so a window looks immutable.
 *
 * **Source**  spec section 4 (cost of a merge) and section 10 (O(pending) work per commit).
 */
import type { NumberedEvent } from '../event/EventEnvelope.ts'

/** A dead front shorter than this is not worth a move: 64 references are 512 bytes. */
const deadFrontMin = 64

/**
 * An immutable-looking, ordered list of events with cheap `append` and `dropFirst`.
 *
 * **Shape**  oldest first. Indexes count from the window's first event.
 *
 * **Gotchas**  the amortized bounds hold along one line of states. Appending again and again to the *same* older state
 * copies each time; a driver that retries should go on from the state it kept, once.
 *
 * **Example**
 * ```ts
 * const before = PendingEvents.fromArray([e1, e2])
 * const after = before.append([e3]).dropFirst(1)
 * before.toArray() // => [e1, e2]
 * after.toArray() // => [e2, e3]
 * ```
 */
export class PendingEvents implements Iterable<NumberedEvent> {
  // Made on first use: TypeScript 7.0 emits a static initializer that names its class before the class has that name.
  static #empty: PendingEvents | undefined

  /** The window without events. */
  static get empty(): PendingEvents {
    return (PendingEvents.#empty ??= new PendingEvents([], 0, 0, 0))
  }

  /** A window over a copy of `events`. */
  static fromArray(events: ReadonlyArray<NumberedEvent>): PendingEvents {
    return events.length === 0 ? PendingEvents.empty : new PendingEvents([...events], 0, events.length, 0)
  }

  readonly #buffer: Array<NumberedEvent>
  readonly #start: number
  readonly #end: number

  /**
   * How many live events were moved to another buffer on the way to this window, since its `fromArray`: what a test of
   * the cost looks at instead of a clock.
   */
  readonly copiedCount: number

  private constructor(buffer: Array<NumberedEvent>, start: number, end: number, copiedCount: number) {
    this.#buffer = buffer
    this.#start = start
    this.#end = end
    this.copiedCount = copiedCount
  }

  get length(): number {
    return this.#end - this.#start
  }

  get first(): NumberedEvent | undefined {
    return this.at(0)
  }

  get last(): NumberedEvent | undefined {
    return this.at(this.length - 1)
  }

  /** The event at `index`, or `undefined` outside the window; a negative index is outside. */
  at(index: number): NumberedEvent | undefined {
    return index >= 0 && index < this.length ? this.#buffer[this.#start + index] : undefined
  }

  /** The events from `from` up to, without, `to`; both are clamped to the window. */
  toArray(from = 0, to: number = this.length): Array<NumberedEvent> {
    const [first, behind] = [this.#clamp(from), this.#clamp(to)]
    return this.#buffer.slice(this.#start + first, this.#start + Math.max(first, behind))
  }

  /** This window with `events` behind it. O(new), amortized; this window stays as it is. */
  append(events: ReadonlyArray<NumberedEvent>): PendingEvents {
    if (events.length === 0) return this
    // An empty window starts a buffer of its own: `empty` belongs to every store of the process.
    if (this.length === 0) return new PendingEvents([...events], 0, events.length, this.copiedCount)
    if (this.#end !== this.#buffer.length) return this.#moved(this.#start).append(events)
    // One by one: spreading 100,000 arguments overflows the stack.
    for (const event of events) this.#buffer.push(event)
    return new PendingEvents(this.#buffer, this.#start, this.#buffer.length, this.copiedCount)
  }

  /** This window without its first `count` events. O(dropped), amortized; this window stays as it is. */
  dropFirst(count: number): PendingEvents {
    const dropped = this.#clamp(count)
    if (dropped === 0) return this
    if (dropped === this.length) return PendingEvents.empty
    const start = this.#start + dropped
    const isMostlyDead = start >= deadFrontMin && start >= this.#end - start
    return isMostlyDead ? this.#moved(start) : new PendingEvents(this.#buffer, start, this.#end, this.copiedCount)
  }

  *[Symbol.iterator](): Iterator<NumberedEvent> {
    for (let index = this.#start; index < this.#end; index++) {
      const event = this.#buffer[index]
      if (event !== undefined) yield event
    }
  }

  /** The events behind buffer index `start` in a buffer of their own. */
  #moved(start: number): PendingEvents {
    const live = this.#buffer.slice(start, this.#end)
    return new PendingEvents(live, 0, live.length, this.copiedCount + live.length)
  }

  #clamp(index: number): number {
    return Math.min(Math.max(index, 0), this.length)
  }
}
