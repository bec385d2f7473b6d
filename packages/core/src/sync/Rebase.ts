/**
 * Renumbering and replay: what becomes of local events when others come before them.
 *
 * Contents never change, only positions. The local events are one ordered list, and every incoming event is one step:
 *
 *  1. Its id is not in the list: it is foreign and stands where upstream says.
 *  2. It is the local event: the local one leaves the list, confirmed. With scope `'synced'` the client-only events
 *     directly behind it in the list leave with it and stand directly behind it (`eK.1`, `eK.2`, …).
 *  3. It has the id of a local event but other content (`IdCollision`): the local one leaves the list, dropped. What was
 *     behind it now follows the local event before it, because that is its neighbour in the list; client-only events
 *     with nothing before them stand directly before the incoming one, confirmed (`'synced'`).
 *
 * What is then left in the list is renumbered behind the last incoming event, in its order, and stays pending. The list
 * is linked and has an index by id, so each step costs O(1) plus what it moves: O(local + incoming) in all.
 *
 * **Source**  spec section 4, laws L6 and L8.
 */
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { type EventSequenceNumber, type Position, equals, next } from '../event/EventSequenceNumber.ts'
import { isConfirmedBy } from './Divergence.ts'
import type { UpstreamScope } from './SyncState.ts'

/**
 * Renumbers `events` so that they continue directly behind `base`.
 *
 * **Shape**  `events`: oldest first; gaps in their old numbers are closed. Result: same length, order and scopes. An event
 * that keeps its position is returned as it is; any other one gets `generation`.
 *
 * **Example** (a synced and a client-only event)
 * ```ts
 * renumber([at('e3'), at('e3.1')], parse('e7'), 1).map(({ seq }) => format(seq)) // => ['e8r1', 'e8.1r1']
 * ```
 */
export const renumber = (events: Iterable<NumberedEvent>, base: Position, generation: number): Array<NumberedEvent> => {
  const renumbered: Array<NumberedEvent> = []
  let head = base
  for (const local of events) {
    const seq = next(head, local.event.isClientOnly, generation)
    renumbered.push(equals(seq, local.seq) ? local : { seq, event: local.event })
    head = seq
  }
  return renumbered
}

/** The generation for events that are renumbered now: one more than any that was seen. 1 if there is none. */
export const nextGeneration = (...lists: ReadonlyArray<Iterable<NumberedEvent>>): number => {
  let max = 0
  for (const events of lists) for (const { seq } of events) max = Math.max(max, seq.rebaseGeneration)
  return max + 1
}

/** **Shape**  all lists oldest first. `incoming` is contiguous behind `base`; `local` has no id twice. */
export interface ReplayInput {
  readonly base: EventSequenceNumber
  /** The events to keep unless they are among `incoming`. */
  readonly local: ReadonlyArray<NumberedEvent>
  readonly incoming: ReadonlyArray<NumberedEvent>
  readonly scope: UpstreamScope
  readonly generation: number
  /** Ids of local events that leave unless they are among `incoming`. */
  readonly refused?: ReadonlySet<string>
}

/** **Shape**  `newEvents` continues behind `base` and ends with `pending`; `upstreamHead` is where `pending` starts. */
export interface Replayed {
  readonly newEvents: ReadonlyArray<NumberedEvent>
  readonly confirmedEvents: ReadonlyArray<NumberedEvent>
  readonly droppedEvents: ReadonlyArray<NumberedEvent>
  readonly pending: ReadonlyArray<NumberedEvent>
  readonly upstreamHead: EventSequenceNumber
}

/** Puts `incoming` behind `base` and replays `local` around it. O(local + incoming). */
export const replay = ({ base, local, incoming, scope, generation, refused }: ReplayInput): Replayed => {
  const list = new LocalEvents(local)
  const newEvents: Array<NumberedEvent> = []
  const confirmedEvents: Array<NumberedEvent> = []
  const isDropped = new Set<string>()
  let upstreamHead = base

  const append = (event: NumberedEvent): void => {
    newEvents.push(event)
    upstreamHead = event.seq
  }
  const confirm = (events: ReadonlyArray<NumberedEvent>): void => {
    for (const event of events) {
      append(event)
      confirmedEvents.push(event)
    }
  }

  // Before the walk: what upstream cannot know goes where its anchor goes, whenever its id is used for something else.
  if (scope === 'synced') {
    for (const { event } of incoming) {
      const mine = list.find(event.id)
      if (mine?.event.isClientOnly !== true) continue
      list.take(mine)
      isDropped.add(event.id)
    }
    // Their anchor is at or before the base.
    confirm(renumber(list.takeClientOnlyBehind(undefined), base, generation))
  }
  for (const arriving of incoming) {
    const mine = list.find(arriving.event.id)
    if (mine === undefined) {
      append(arriving)
    } else if (isConfirmedBy(mine.event, arriving.event)) {
      const followers = scope === 'synced' ? list.takeClientOnlyBehind(mine) : []
      list.take(mine)
      // The envelope committed here knows its commit group, which the backend's copy does not.
      confirm([{ seq: arriving.seq, event: mine.event }])
      confirm(renumber(followers, upstreamHead, generation))
    } else {
      list.take(mine)
      isDropped.add(mine.event.id)
      if (scope === 'synced') confirm(renumber(list.takeClientOnlyBehind(undefined), upstreamHead, generation))
      append(arriving)
    }
  }

  const left = list.toArray()
  for (const { event } of left) if (refused?.has(event.id) === true) isDropped.add(event.id)
  const pending = renumber(
    left.filter(({ event }) => !isDropped.has(event.id)),
    upstreamHead,
    generation,
  )
  // One by one: spreading 100,000 arguments overflows the stack.
  for (const event of pending) newEvents.push(event)
  const droppedEvents = local.filter(({ event }) => isDropped.has(event.id))
  return { newEvents, confirmedEvents, droppedEvents, pending, upstreamHead }
}

/**
 * Local events in their order: a doubly linked list over an array, with an index by id.
 *
 * **Shape**  links are slots: slot 0 is the start and the end of the ring, slot n is event n - 1.
 */
class LocalEvents {
  readonly #events: ReadonlyArray<NumberedEvent>
  readonly #nextSlots: Uint32Array
  readonly #previousSlots: Uint32Array
  readonly #slotById = new Map<string, number>()

  constructor(events: ReadonlyArray<NumberedEvent>) {
    const slotCount = events.length + 1
    this.#events = events
    this.#nextSlots = Uint32Array.from({ length: slotCount }, (_, slot) => (slot + 1) % slotCount)
    this.#previousSlots = Uint32Array.from({ length: slotCount }, (_, slot) => (slot + events.length) % slotCount)
    for (const [index, { event }] of events.entries()) this.#slotById.set(event.id, index + 1)
  }

  /** The event with this id that is still in the list. */
  find(id: string): NumberedEvent | undefined {
    const slot = this.#slotById.get(id)
    return slot === undefined ? undefined : this.#at(slot)
  }

  /** Takes `local` out of the list. */
  take(local: NumberedEvent): void {
    const slot = this.#slotById.get(local.event.id) ?? 0
    if (slot === 0) return
    const [before, behind] = [this.#previousSlots[slot] ?? 0, this.#nextSlots[slot] ?? 0]
    this.#nextSlots[before] = behind
    this.#previousSlots[behind] = before
    this.#slotById.delete(local.event.id)
  }

  /** Takes out the run of client-only events directly behind `local`, or at the front of the list. */
  takeClientOnlyBehind(local: NumberedEvent | undefined): Array<NumberedEvent> {
    const slot = local === undefined ? 0 : (this.#slotById.get(local.event.id) ?? 0)
    const taken: Array<NumberedEvent> = []
    let follower = this.#at(this.#nextSlots[slot] ?? 0)
    while (follower?.event.isClientOnly === true) {
      taken.push(follower)
      this.take(follower)
      follower = this.#at(this.#nextSlots[slot] ?? 0)
    }
    return taken
  }

  toArray(): Array<NumberedEvent> {
    const left: Array<NumberedEvent> = []
    for (let slot = this.#nextSlots[0] ?? 0; slot !== 0; slot = this.#nextSlots[slot] ?? 0) {
      const local = this.#at(slot)
      if (local !== undefined) left.push(local)
    }
    return left
  }

  #at(slot: number): NumberedEvent | undefined {
    return slot === 0 ? undefined : this.#events[slot - 1]
  }
}
