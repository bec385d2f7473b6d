/**
 * What sessions have sent and the leader has not taken yet. Messages of one session stay in their order; among the
 * pushes that wait together sessions take turns, so that one with a long backlog does not keep the others waiting.
 *
 * **Source**  spec section 5, "sessions are served round-robin".
 */
import type { Push, SessionMessage } from '../channel/LeaderMessage.ts'

interface Received<Sender> {
  readonly from: Sender
  readonly message: SessionMessage
}

export class LeaderInbox<Sender extends object> {
  #waiting: Array<Received<Sender>> = []

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  add(from: Sender, message: SessionMessage): void {
    this.#waiting.push({ from, message })
  }

  takeNext(): Received<Sender> | undefined {
    return this.#waiting.shift()
  }

  /** Pushes at the front, one of each session after the other, until there are `eventsMax` events: one group commit. */
  takePushes(eventsMax: number): Array<{ readonly from: Sender; readonly push: Push }> {
    const end = this.#waiting.findIndex(({ message }) => message._tag !== 'push')
    const inTurn = takingTurns(this.#waiting.slice(0, end < 0 ? undefined : end))
    const pushes: Array<{ readonly from: Sender; readonly push: Push }> = []
    let events = 0
    for (const { from, message } of inTurn) {
      if (message._tag !== 'push' || events >= eventsMax) break
      pushes.push({ from, push: message })
      events += message.events.length
    }
    this.#waiting.splice(0, inTurn.length, ...inTurn.slice(pushes.length))
    return pushes
  }

  /** Nothing that waits can be stored now, and all of it will be sent again; who has left does not say so again. */
  keepGoodbyes(): void {
    this.#waiting = this.#waiting.filter(({ message }) => message._tag === 'goodbye')
  }
}

/** The first message of every sender, then the second of each, and so on. */
const takingTurns = <Sender extends object>(
  received: ReadonlyArray<Received<Sender>>,
): ReadonlyArray<Received<Sender>> => {
  const bySender = new Map<Sender, Array<Received<Sender>>>()
  for (const one of received) {
    const same = bySender.get(one.from)
    if (same === undefined) bySender.set(one.from, [one])
    else same.push(one)
  }
  if (bySender.size <= 1) return received
  const queues = [...bySender.values()]
  const rounds = Math.max(...queues.map((queue) => queue.length))
  return Array.from({ length: rounds }, (_, round) => queues.flatMap((queue) => queue[round] ?? [])).flat()
}
