/**
 * Several clients, each with sessions and a leader, and one backend: all of it in memory, every decision made by the
 * merge functions, every message in a queue that the schedule delivers when it likes. The laws are checked after every
 * step. No crashes, terms or databases here: that is the simulator's job.
 *
 * Ports between session and leader are first in, first out; answers of the backend may be lost, pages come in any size and
 * may start anywhere before the head (re-delivery), and a forger uses ids it has seen.
 */
import { type EventEnvelope, type NumberedEvent, isSameEvent } from '../../src/event/EventEnvelope.ts'
import {
  type EventSequenceNumber,
  type Position,
  compare,
  max,
  min,
  root,
} from '../../src/event/EventSequenceNumber.ts'
import { localPush } from '../../src/sync/LocalPush.ts'
import type { Advance, Rebase } from '../../src/sync/MergeResult.ts'
import {
  type Heads,
  type LawId,
  checkLog,
  headsDoNotMoveBack,
  isRedelivery,
  must,
  rollbackIsUnsettled,
  settledIsKept,
} from '../../src/sync/SyncLaws.ts'
import { type SyncState, type UpstreamScope, initial } from '../../src/sync/SyncState.ts'
import { upstreamAdvance } from '../../src/sync/UpstreamAdvance.ts'
import { upstreamRebase } from '../../src/sync/UpstreamRebase.ts'
import { upstreamReject } from '../../src/sync/UpstreamReject.ts'
import { envelope } from './EventFixture.ts'
import { number } from './Scenario.ts'

/** Largest batch a leader pushes: small, so that groups are split too. */
const batchMax = 3
const refusedArgs = '"refuse"'
const forgedArgs = '"forged"'

interface FeedMessage {
  readonly epoch: number
  readonly base: Position
  readonly events: ReadonlyArray<NumberedEvent>
  readonly refused: ReadonlySet<string>
  readonly settledHead: EventSequenceNumber
}

/** A log with its state; what session and leader have in common. */
class Node {
  state: SyncState = initial
  rows: Array<NumberedEvent> = []
  epoch = 0
  settledHead: EventSequenceNumber = root
  rebaseCount = 0

  install(result: Advance | Rebase): void {
    const rollbackEvents = result._tag === 'rebase' ? result.rollbackEvents : []
    must('L5', rollbackIsUnsettled(this.settledHead, rollbackEvents), () => 'rolls back settled events')
    const kept = this.rows.slice(0, this.rows.length - rollbackEvents.length)
    const undone = this.rows.slice(kept.length)
    must(
      'L9',
      undone.every((row, index) => row === rollbackEvents[index]),
      () => 'rolls back what it does not have',
    )
    this.rows = [...kept, ...result.newEvents]
    this.state = result.state
    if (rollbackEvents.length > 0) this.rebaseCount++
  }
}

class Session extends Node {
  readonly name: string
  readonly client: Client
  readonly inbox: Array<FeedMessage> = []
  readonly outbox: Array<ReadonlyArray<EventEnvelope>> = []
  readonly commits: Array<EventEnvelope> = []
  readonly sentIds = new Set<string>()
  lastMessage: FeedMessage | undefined

  constructor(client: Client, name: string) {
    super()
    this.client = client
    this.name = name
  }

  commit(events: ReadonlyArray<EventEnvelope>): void {
    const result = localPush(this.state, number(events, this.state.localHead), 'all')
    if (result._tag === 'reject') throw new Error('a commit is numbered behind localHead')
    this.install(result)
    this.commits.push(...events)
  }

  /** Sends the pending events that were not sent yet, at most `count` but whole groups. */
  flush(count: number): void {
    const unsent = this.state.pending.toArray().filter(({ event }) => !this.sentIds.has(event.id))
    let end = Math.min(count, unsent.length)
    while (end > 0 && unsent[end - 1]?.event.commitId === unsent[end]?.event.commitId) end++
    this.send(unsent.slice(0, end).map(({ event }) => event))
  }

  send(events: ReadonlyArray<EventEnvelope>): void {
    for (const { id } of events) this.sentIds.add(id)
    if (events.length > 0) this.outbox.push(events)
  }

  receive(): void {
    const message = this.inbox.shift()
    if (message === undefined || message.epoch < this.epoch) return
    this.lastMessage = message
    const result = message.epoch === this.epoch ? this.follow(message) : this.fallBack(message)
    this.install(result)
    this.epoch = message.epoch
    this.settledHead = max(this.settledHead, min(message.settledHead, this.state.upstreamHead))
    // A collided event leaves pending but is pushed until the leader has answered for it.
    const dropped = result._tag === 'rebase' ? result.droppedEvents : []
    const orphans = dropped.filter(({ event }) => !message.refused.has(event.id) && !this.sentIds.has(event.id))
    this.send(orphans.map(({ event }) => event))
  }

  private follow({ events }: FeedMessage): Advance | Rebase {
    const overlap = events.filter(({ seq }) => compare(seq, this.state.upstreamHead) <= 0)
    must('L7', isRedelivery(this.rows, overlap), () => 'another event at a position of the same epoch')
    return upstreamAdvance(this.state, events.slice(overlap.length), 'all')
  }

  private fallBack({ base, events, refused }: FeedMessage): Rebase {
    const have = this.rows.filter(({ seq }) => compare(seq, base) > 0)
    return upstreamRebase(this.state, { base, events, have, refused })
  }
}

class Leader extends Node {
  readonly scope: UpstreamScope
  deadLetters: Array<EventEnvelope> = []
  /** Refused, and in the backend after all (an acknowledgement was lost): they stand where upstream has them. */
  readonly reinstatedIds = new Set<string>()
  /** The last position that a push answer has acknowledged; a page that moves events makes it void. */
  acknowledgedGlobal = 0
  readonly cursors = new Map<Session, Position>()

  constructor(scope: UpstreamScope) {
    super()
    this.scope = scope
  }

  write(result: Advance | Rebase): void {
    this.install(result)
    if (result._tag === 'rebase') {
      this.deadLetters.push(...result.droppedEvents.map(({ event }) => event))
      for (const [session, position] of this.cursors) this.cursors.set(session, min(position, result.base))
      this.epoch++
      this.acknowledgedGlobal = 0
    }
    this.settledHead = this.state.upstreamHead
  }

  /** A session's push: what is known is answered for already, the rest is numbered behind the head. */
  admit(events: ReadonlyArray<EventEnvelope>): void {
    const idOf = (id: string): EventEnvelope | undefined => this.rows.find(({ event }) => event.id === id)?.event
    const isDead = (event: EventEnvelope): boolean => this.deadLetters.some((letter) => isSameEvent(letter, event))
    const unanswered = events.filter((event) => !isDead(event))
    for (const event of unanswered) {
      const known = idOf(event.id)
      if (known !== undefined && !isSameEvent(known, event)) this.deadLetters.push(event)
    }
    const fresh = unanswered.filter((event) => idOf(event.id) === undefined)
    if (fresh.length === 0) return
    const result = localPush(this.state, number(fresh, this.state.localHead), this.scope)
    if (result._tag === 'reject') throw new Error('an admitted push is numbered behind localHead')
    this.write(result)
  }

  /** One message with what is behind the session's cursor, cut after `count` events. */
  feed(session: Session, count: number): void {
    const base = this.cursors.get(session) ?? root
    const events = this.rows.filter(({ seq }) => compare(seq, base) > 0).slice(0, count)
    this.cursors.set(session, events.at(-1)?.seq ?? base)
    const refused = new Set(this.deadLetters.map(({ id }) => id))
    session.inbox.push({ epoch: this.epoch, base, events, refused, settledHead: this.settledHead })
  }

  /** Admits a page: what was delivered before must be what the log has, and is left out. */
  pull(backend: Backend, from: number, count: number): void {
    const page = backend.page(from, count)
    const settled = this.settledHead.global
    const overlap = page.filter(({ seq }) => seq.global <= settled)
    must('L7', isRedelivery(this.rows, overlap), () => 'history changed')
    const arrived = (letter: EventEnvelope): boolean => page.some(({ event }) => isSameEvent(event, letter))
    for (const { id } of this.deadLetters.filter(arrived)) this.reinstatedIds.add(id)
    this.deadLetters = this.deadLetters.filter((letter) => !arrived(letter))
    this.write(upstreamAdvance(this.state, page.slice(overlap.length), 'synced'))
  }

  /** Pushes the first events, at most {@link batchMax}; a group larger than that goes in parts. */
  push(backend: Backend, isAnswerLost: boolean): void {
    const synced = this.state.pending.toArray().filter(({ event }) => !event.isClientOnly)
    const batch = synced.filter(({ seq }) => seq.global > this.acknowledgedGlobal).slice(0, batchMax)
    if (batch.length === 0) return
    const parent = (batch[0]?.seq.global ?? 1) - 1
    const parentId = this.rows.find(({ seq }) => seq.global === parent && seq.client === 0)?.event.id
    const answer = backend.push(
      parent,
      parentId,
      batch.map(({ event }) => event),
    )
    if (isAnswerLost) return
    if (answer === 'accepted') this.acknowledgedGlobal = batch.at(-1)?.seq.global ?? 0
    else if (answer !== 'ahead') {
      const { acknowledgedGlobal } = this
      this.write(upstreamReject(this.state, answer, acknowledgedGlobal))
      // What stands before the refused events keeps its place.
      this.acknowledgedGlobal = acknowledgedGlobal
    }
  }
}

class Client {
  readonly name: string
  readonly leader: Leader
  readonly sessions: Array<Session>
  committedCount = 0

  constructor(name: string, sessionCount: number, scope: UpstreamScope) {
    this.name = name
    this.leader = new Leader(scope)
    this.sessions = Array.from({ length: sessionCount }, (_, index) => new Session(this, `${name}-${index}`))
  }
}

class Backend {
  readonly log: Array<EventEnvelope> = []

  page(from: number, count: number): ReadonlyArray<NumberedEvent> {
    const start: EventSequenceNumber = { global: from, client: 0, rebaseGeneration: 0 }
    // As on the wire: nothing of commit groups.
    return number(
      this.log.slice(from, from + count).map((event) => ({ ...event, commitId: '' })),
      start,
    )
  }

  push(
    parent: number,
    parentId: string | undefined,
    events: ReadonlyArray<EventEnvelope>,
  ): 'accepted' | 'ahead' | ReadonlySet<string> {
    const places = events.map((event) => this.log.findIndex(({ id }) => id === event.id))
    const collided = events.filter((event, index) => {
      const known = this.log[places[index] ?? -1]
      return known !== undefined && !isSameEvent(known, event)
    })
    if (collided.length > 0) return new Set(collided.map(({ id }) => id))
    if (places.every((place) => place >= 0)) return 'accepted'
    const unknown = events.filter((_, index) => places[index] === -1)
    const refused = unknown.filter(({ argsJson }) => argsJson === refusedArgs)
    if (refused.length > 0) return new Set(refused.map(({ id }) => id))
    if (unknown.length < events.length || parent !== this.log.length) return 'ahead'
    must('L7', parentId === this.log.at(-1)?.id, () => 'history changed')
    this.log.push(...events)
    return 'accepted'
  }
}

/** One step of a schedule: what, and two free numbers. */
export type Step = readonly [what: (typeof stepNames)[number], a: number, b: number]

export const stepNames = [
  ...(['commit', 'commit', 'commit', 'flush', 'deliver', 'deliver', 'feed', 'receive', 'receive'] as const),
  ...(['push', 'push', 'pull', 'pull', 'settle', 'again', 'forge'] as const),
]

export class World {
  readonly backend = new Backend()
  readonly clients: ReadonlyArray<Client>
  stepCount = 0
  readonly #seen = new Map<Node, { readonly heads: Heads; readonly rows: ReadonlyArray<NumberedEvent> }>()

  constructor(sessionCounts: ReadonlyArray<number>, isLastAlone: boolean) {
    this.clients = sessionCounts.map((count, index) => {
      const isAlone = isLastAlone && index === sessionCounts.length - 1
      return new Client('abc'[index] ?? 'z', count, isAlone ? 'none' : 'synced')
    })
  }

  run(steps: ReadonlyArray<Step>): void {
    for (const [what, a, b] of steps) {
      this.step(what, a, b)
      this.check()
      this.stepCount++
    }
  }

  private step(what: Step[0], a: number, b: number): void {
    const client = this.clients[a % this.clients.length]
    const session = client?.sessions[(a >> 4) % client.sessions.length]
    if (client === undefined || session === undefined) return
    const { leader } = client
    if (what === 'commit') this.commit(session, b)
    else if (what === 'flush') session.flush(1 + (b % 4))
    else if (what === 'deliver') leader.admit(session.outbox.shift() ?? [])
    else if (what === 'feed') leader.feed(session, b % 3 === 0 ? 1 + (b % 5) : Infinity)
    else if (what === 'receive') session.receive()
    else if (what === 'settle') this.settle(client)
    else if (what === 'again' && session.lastMessage !== undefined) session.inbox.unshift(session.lastMessage)
    else if (what === 'forge') this.forge(client, b)
    else if (leader.scope === 'none') return
    else if (what === 'push') leader.push(this.backend, b % 5 === 0)
    else if (what === 'pull') leader.pull(this.backend, Math.max(0, leader.settledHead.global - (b % 4)), 1 + (b % 7))
  }

  private commit(session: Session, b: number): void {
    const { client } = session
    const count = b % 5 === 0 ? 5 : 1 + (b % 3)
    const commitId = `${session.name}/${session.commits.length}`
    const events = Array.from({ length: count }, (_, index) => {
      const isClientOnly = (b >> (index + 2)) % 3 === 0
      const argsJson = !isClientOnly && (b >> (index + 4)) % 8 === 0 ? refusedArgs : '{}'
      const id = `${client.name}${client.committedCount++}`
      return envelope(id, { clientId: client.name, sessionId: session.name, commitId, isClientOnly, argsJson })
    })
    session.commit(events)
  }

  /** Somebody who has seen an id on its way puts another event under it into the backend's log. */
  private forge(client: Client, b: number): void {
    if (b % 3 > 0) return
    const candidates = [client.leader, ...client.sessions].flatMap(({ state }) => state.pending.toArray())
    const unknown = candidates.filter(({ event }) => !this.backend.log.some(({ id }) => id === event.id))
    const victim = unknown.filter(({ event }) => !event.isClientOnly)[b % 7]
    if (victim !== undefined) this.backend.log.push({ ...victim.event, argsJson: forgedArgs, clientId: 'mallory' })
  }

  private settle({ leader, sessions }: Client): void {
    for (const session of sessions) {
      session.flush(Infinity)
      while (session.outbox.length > 0) leader.admit(session.outbox.shift() ?? [])
    }
    if (leader.scope !== 'none') {
      leader.push(this.backend, false)
      leader.pull(this.backend, leader.settledHead.global, Infinity)
    }
    for (const session of sessions) {
      leader.feed(session, Infinity)
      while (session.inbox.length > 0) session.receive()
    }
  }

  /** Everybody works until nothing changes any more, then the ends are compared. */
  converge(): void {
    let before = ''
    for (let round = 0; round < 200; round++) {
      for (const client of this.clients) {
        this.settle(client)
        this.check()
      }
      const now = this.fingerprint()
      if (now === before) return this.checkEnd()
      before = now
    }
    throw new Error('no convergence after 200 rounds')
  }

  /** What this schedule met. */
  counts(): Readonly<Record<string, number>> {
    const leaders = this.clients.map(({ leader }) => leader)
    const nodes = this.clients.flatMap(({ leader, sessions }) => [leader, ...sessions])
    const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, number) => total + number, 0)
    return {
      steps: this.stepCount,
      commits: sum(this.clients.map(({ committedCount }) => committedCount)),
      rebases: sum(nodes.map(({ rebaseCount }) => rebaseCount)),
      refused: sum(leaders.map(({ deadLetters }) => deadLetters.length)),
      reinstated: sum(leaders.map(({ reinstatedIds }) => reinstatedIds.size)),
      forged: this.backend.log.filter(({ argsJson }) => argsJson === forgedArgs).length,
    }
  }

  private fingerprint(): string {
    const of = ({ state, rows, epoch }: Node): unknown => [
      epoch,
      state.pending.length,
      rows.map(({ event }) => event.id),
    ]
    const nodes = this.clients.flatMap(({ leader, sessions }) => [leader, ...sessions])
    return JSON.stringify([this.backend.log.length, nodes.map(of)])
  }

  private check(): void {
    for (const { leader, sessions } of this.clients)
      for (const node of [leader, ...sessions]) {
        const { state, rows, epoch, settledHead } = node
        checkLog({ state, log: rows, settledHead })
        const heads: Heads = { backendId: 'b', epoch, settledHead, upstreamHead: state.upstreamHead }
        const seen = this.#seen.get(node)
        if (seen !== undefined) {
          must('L3', headsDoNotMoveBack(seen.heads, heads), () => 'a head moved back')
          must('L5', settledIsKept(seen.heads.settledHead, seen.rows, rows), () => 'a settled event moved')
        }
        this.#seen.set(node, { heads, rows })
      }
  }

  private checkEnd(): void {
    for (const { leader, sessions } of this.clients) {
      const ids = leader.rows.map(({ event }) => event)
      const synced = ids.filter(({ isClientOnly }) => !isClientOnly)
      this.expect('L9', leader.state.pending.length === 0, 'the leader still waits')
      if (leader.scope === 'synced')
        this.expect('L8', this.isSameList(synced, this.backend.log), 'leader and backend differ')
      for (const session of sessions) this.checkSession(session, leader)
    }
  }

  private checkSession(session: Session, leader: Leader): void {
    const log = leader.rows.map(({ event }) => event)
    this.expect('L9', session.state.pending.length === 0, `${session.name} still waits`)
    const own = session.rows.map(({ event }) => event)
    this.expect('L8', this.isSameList(own, log), `${session.name} and its leader differ`)
    const left = session.commits.filter((event) => log.some((other) => isSameEvent(other, event)))
    const inLog = log.filter((event) => session.commits.some((other) => isSameEvent(other, event)))
    const isInOrder = ({ id }: EventEnvelope): boolean => !leader.reinstatedIds.has(id)
    const isKept = this.isSameList(left.filter(isInOrder), inLog.filter(isInOrder))
    this.expect('L6', isKept, `commits of ${session.name} changed their order`)
    for (const event of session.commits) {
      const isDead = leader.deadLetters.some((letter) => isSameEvent(letter, event))
      this.expect('L6', isDead !== left.includes(event), `${event.id} is in ${isDead ? 'both lists' : 'no list'}`)
      this.expect('L6', !isDead || this.hasReason(event, session), `${event.id} is dead for no reason`)
    }
  }

  /** An event dies because it or a member of its group is refused, or because its id was forged. */
  private hasReason({ commitId }: EventEnvelope, session: Session): boolean {
    const isForged = ({ id }: EventEnvelope): boolean =>
      this.backend.log.some((event) => event.id === id && event.argsJson === forgedArgs)
    return session.commits.some(
      (event) => event.commitId === commitId && (event.argsJson === refusedArgs || isForged(event)),
    )
  }

  private isSameList(a: ReadonlyArray<EventEnvelope>, b: ReadonlyArray<EventEnvelope>): boolean {
    return a.length === b.length && a.every((event, index) => b[index] !== undefined && isSameEvent(event, b[index]))
  }

  private expect(law: LawId, holds: boolean, detail: string): void {
    must(law, holds, () => detail)
  }
}
