/** Random inputs for one merge: local events, and what upstream makes of them. */
import fc from 'fast-check'
import type { EventEnvelope, NumberedEvent } from '../../src/event/EventEnvelope.ts'
import { type EventSequenceNumber, next } from '../../src/event/EventSequenceNumber.ts'
import { envelope } from './EventFixture.ts'
import type { Entry } from './MergeOracle.ts'

export const toEntry = (event: EventEnvelope): Entry => ({
  id: event.id,
  content: event.clientId + event.argsJson,
  isClientOnly: event.isClientOnly,
  group: event.commitId,
})

/** Numbers events behind `head`; the generations are taken in turn from `generations`. */
export const number = (
  events: ReadonlyArray<EventEnvelope>,
  head: EventSequenceNumber,
  generations: ReadonlyArray<number> = [0],
): Array<NumberedEvent> => {
  let last = head
  return events.map((event, index) => {
    last = next(last, event.isClientOnly, generations[index % generations.length] ?? 0)
    return { seq: last, event }
  })
}

/** About two in five are client-only; a group is an event's own, or one of three shared ones. */
const localEvent = fc.record({ clientOnly: fc.nat(4), group: fc.nat(7) })

/** **Shape**  with `'synced'` the first is synced: client-only ones before it would be settled. */
const localEvents = (scope: 'all' | 'synced', prefix: string): fc.Arbitrary<ReadonlyArray<EventEnvelope>> =>
  fc.array(localEvent, { maxLength: 10 }).map((made) => {
    const events = made.map(({ clientOnly, group }, index) =>
      envelope(`${prefix}${index}`, {
        isClientOnly: clientOnly < 2,
        commitId: group < 3 ? `shared-${group}` : `own-${prefix}${index}`,
      }),
    )
    const firstSynced = events.findIndex((event) => !event.isClientOnly)
    return scope === 'all' ? events : firstSynced === -1 ? [] : events.slice(firstSynced)
  })

/**
 * What upstream does with the local events, in turn: takes the next one, leaves one out, takes any other one, puts a
 * foreign event in between, or has another event under the id of a local one: one that it sees, or (`unseen`) a
 * client-only one.
 */
interface Turn {
  readonly what: 'next' | 'skip' | 'other' | 'foreign' | 'collision' | 'unseen'
  readonly pick: number
  readonly isClientOnly: boolean
}
const turn: fc.Arbitrary<Turn> = fc.record({
  what: fc.constantFrom('next', 'next', 'next', 'skip', 'other', 'foreign', 'foreign', 'collision'),
  pick: fc.nat(),
  isClientOnly: fc.boolean(),
})
const script = fc.array(turn, { maxLength: 14 })
const unseenTurn: fc.Arbitrary<Turn> = fc.record({
  what: fc.constant('unseen' as const),
  pick: fc.nat(),
  isClientOnly: fc.constant(false),
})
/** In another page than its anchor a client-only event is settled before it can collide: these are not split. */
const scriptWithUnseen = fc.array(fc.oneof({ weight: 6, arbitrary: turn }, { weight: 1, arbitrary: unseenTurn }), {
  maxLength: 14,
})

const upstreamOf = (
  local: ReadonlyArray<EventEnvelope>,
  turns: ReadonlyArray<Turn>,
  scope: 'all' | 'synced',
): ReadonlyArray<EventEnvelope> => {
  const queue = local.filter((event) => scope === 'all' || !event.isClientOnly)
  const unseen = local.filter((event) => !queue.includes(event))
  return turns.flatMap(({ what, pick, isClientOnly }, index) => {
    if (what === 'foreign')
      return [envelope(`x${index}`, { clientId: 'bob', isClientOnly: scope === 'all' && isClientOnly })]
    if (what === 'unseen') {
      const forged = unseen.splice(pick % Math.max(unseen.length, 1), 1)
      return forged.map((event) => ({ ...event, isClientOnly: false, argsJson: '"forged"' }))
    }
    if (what === 'other') return queue.splice(pick % Math.max(queue.length, 1), 1)
    const [taken] = queue.splice(0, 1)
    if (taken === undefined || what === 'skip') return []
    return what === 'collision' ? [{ ...taken, argsJson: '"forged"' }] : [taken]
  })
}

/** As a page of the backend reads: it knows nothing of commit groups. */
const onTheWire = (events: ReadonlyArray<EventEnvelope>, scope: 'all' | 'synced'): ReadonlyArray<EventEnvelope> =>
  scope === 'all' ? events : events.map((event) => ({ ...event, commitId: '' }))

export interface AdvanceScenario {
  readonly scope: 'all' | 'synced'
  readonly head: EventSequenceNumber
  readonly local: ReadonlyArray<NumberedEvent>
  readonly incoming: ReadonlyArray<NumberedEvent>
  /** Sizes of the pages to cut `incoming` into, each at least 1, taken in turn. */
  readonly pageSizes: ReadonlyArray<number>
}

const head = fc.record({ global: fc.nat(4), client: fc.nat(2), rebaseGeneration: fc.nat(2) })
const generations = fc.array(fc.nat(3), { minLength: 1, maxLength: 4 })

const advanceWith = (turns: typeof script): fc.Arbitrary<AdvanceScenario> =>
  fc.constantFrom('all' as const, 'synced' as const).chain((scope) =>
    fc
      .record({
        head,
        generations,
        local: localEvents(scope, 'p'),
        turns,
        pageSizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
      })
      .map(({ head: upstreamHead, local, turns, pageSizes, generations: stamps }) => ({
        scope,
        head: upstreamHead,
        local: number(local, upstreamHead, stamps),
        incoming: number(onTheWire(upstreamOf(local, turns, scope), scope), upstreamHead),
        pageSizes,
      })),
  )

export const advanceScenario = advanceWith(script)
export const unseenCollisionScenario = advanceWith(scriptWithUnseen)

export interface RebaseScenario {
  readonly base: EventSequenceNumber
  readonly confirmed: ReadonlyArray<NumberedEvent>
  readonly pending: ReadonlyArray<NumberedEvent>
  readonly incoming: ReadonlyArray<NumberedEvent>
  readonly refused: ReadonlySet<string>
}

export const rebaseScenario: fc.Arbitrary<RebaseScenario> = fc
  .record({
    base: head,
    confirmed: localEvents('all', 'k'),
    local: localEvents('all', 'p'),
    turns: script,
    generations,
    refused: fc.array(fc.nat(11), { maxLength: 4 }),
  })
  .map(({ base, confirmed, local, turns, generations: stamps, refused }) => {
    const have = number([...confirmed, ...local], base, stamps)
    return {
      base,
      confirmed: have.slice(0, confirmed.length),
      pending: have.slice(confirmed.length),
      incoming: number(upstreamOf([...confirmed, ...local], turns, 'all'), base),
      refused: new Set(refused.map((index) => `p${index}`)),
    }
  })

export interface RejectScenario {
  readonly head: EventSequenceNumber
  readonly local: ReadonlyArray<NumberedEvent>
  readonly refused: ReadonlySet<string>
  readonly acknowledgedGlobal: number
}

export const rejectScenario: fc.Arbitrary<RejectScenario> = fc
  .record({
    head,
    local: localEvents('synced', 'p'),
    generations,
    refused: fc.array(fc.nat(11), { minLength: 1, maxLength: 4 }),
    acknowledgedCount: fc.nat(3),
  })
  .map(({ head: upstreamHead, local, generations: stamps, refused, acknowledgedCount }) => ({
    head: upstreamHead,
    local: number(local, upstreamHead, stamps),
    refused: new Set(refused.map((index) => `p${index}`)),
    acknowledgedGlobal: upstreamHead.global + acknowledgedCount,
  }))

export interface PushScenario {
  readonly scope: 'all' | 'synced' | 'none'
  readonly head: EventSequenceNumber
  readonly local: ReadonlyArray<NumberedEvent>
  readonly pushed: ReadonlyArray<NumberedEvent>
}

export const pushScenario: fc.Arbitrary<PushScenario> = fc
  .record({
    scope: fc.constantFrom('all' as const, 'synced' as const, 'none' as const),
    head,
    all: localEvents('all', 'p'),
    synced: localEvents('synced', 'p'),
    pushed: localEvents('all', 'n'),
    generations,
  })
  .map(({ scope, head: upstreamHead, all, synced, pushed, generations: stamps }) => {
    const local = number(scope === 'all' ? all : scope === 'synced' ? synced : [], upstreamHead, stamps)
    return { scope, head: upstreamHead, local, pushed: number(pushed, local.at(-1)?.seq ?? upstreamHead) }
  })
