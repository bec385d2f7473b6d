/**
 * What the log must be, straight from the sentences of spec section 4: slow and obvious, and without a line of the
 * implementation. An entry has no number; the oracle decides *where every event stands* by looking at whole lists, counts
 * the positions from the start, and reads everything else off two lists, the log before and the log after:
 *
 *  - rolled back is what the old log has behind the part that both have in common;
 *  - new is what the new log has behind it;
 *  - confirmed is what was local, is in the new log and waits for nothing;
 *  - dropped is what was local and is not in the new log.
 */
import type { NumberedEvent } from '../../src/event/EventEnvelope.ts'

/** An event without a number. `content` is everything but the id that makes it the same event. */
export interface Entry {
  readonly id: string
  readonly content: string
  readonly isClientOnly: boolean
  readonly group: string
}

export interface Head {
  readonly global: number
  readonly client: number
}

/** **Shape**  events as `global.client id content`. */
export interface Expected {
  readonly kind: 'advance' | 'rebase' | 'reject'
  readonly log: ReadonlyArray<string>
  readonly rollback: ReadonlyArray<string>
  readonly newEvents: ReadonlyArray<string>
  readonly confirmed: ReadonlyArray<string>
  readonly dropped: ReadonlyArray<string>
  readonly pending: ReadonlyArray<string>
  readonly upstreamHead: string
  readonly localHead: string
}

/** Writes a real event as the oracle writes its own. */
export const told = ({ seq, event }: NumberedEvent): string =>
  `${seq.global}.${seq.client} ${event.id} ${event.clientId}${event.argsJson}${event.isClientOnly ? ' client-only' : ''}`

const write = (entry: Entry, { global, client }: Head): string =>
  `${global}.${client} ${entry.id} ${entry.content}${entry.isClientOnly ? ' client-only' : ''}`

/** Counts: a client-only entry takes the next place behind the synced one before it. */
const places = (entries: ReadonlyArray<Entry>, head: Head): ReadonlyArray<Head> =>
  entries.map((entry, index) => {
    const before = entries.slice(0, index + 1)
    const syncedCount = before.filter((one) => !one.isClientOnly).length
    const lastSynced = before.findLastIndex((one) => !one.isClientOnly)
    const behindIt = index - lastSynced
    if (!entry.isClientOnly) return { global: head.global + syncedCount, client: 0 }
    return syncedCount === 0
      ? { global: head.global, client: head.client + index + 1 }
      : { global: head.global + syncedCount, client: behindIt }
  })

const numbered = (entries: ReadonlyArray<Entry>, head: Head): ReadonlyArray<string> => {
  const counted = places(entries, head)
  return entries.map((entry, index) => write(entry, counted[index] ?? head))
}

const isSame = (a: Entry, b: Entry): boolean =>
  a.id === b.id && a.content === b.content && a.isClientOnly === b.isClientOnly

const commonLength = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): number => {
  const difference = a.findIndex((text, index) => text !== b[index])
  return difference === -1 ? a.length : difference
}

/** Reads the result off the old and the new log. `before` and `after` start directly behind `head`. */
const compareLogs = (
  head: Head,
  before: ReadonlyArray<Entry>,
  after: ReadonlyArray<Entry>,
  pendingAfter: ReadonlyArray<Entry>,
  commonMax = Infinity,
): Expected => {
  const [old, log] = [numbered(before, head), numbered(after, head)]
  const common = Math.min(commonLength(old, log), commonMax)
  const positions = places(after, head)
  const isLocal = (entry: Entry): boolean => before.some((one) => isSame(one, entry))
  const isPending = (entry: Entry): boolean => pendingAfter.some((one) => one.id === entry.id)
  const upstream = after.findLastIndex((entry) => !isPending(entry))
  const placeOf = (index: number): string => {
    const { global, client } = positions[index] ?? head
    return `${global}.${client}`
  }
  return {
    kind: common === old.length ? 'advance' : 'rebase',
    log,
    rollback: old.slice(common),
    newEvents: log.slice(common),
    confirmed: log.filter((_, index) => after.slice(index, index + 1).some((one) => isLocal(one) && !isPending(one))),
    dropped: old.filter(
      (_, index) => !before.slice(index, index + 1).some((one) => after.some((now) => isSame(now, one))),
    ),
    pending: log.filter((_, index) => after.slice(index, index + 1).some(isPending)),
    upstreamHead: placeOf(upstream),
    localHead: placeOf(after.length - 1),
  }
}

/** Where a local entry ends up: still pending, gone, or beside the incoming entry with this index. */
type Fate =
  | { readonly at: 'pending' }
  | { readonly at: 'gone' }
  | { readonly at: 'match' | 'behind' | 'before'; readonly index: number }

/**
 * The fate of one local entry under upstream's entries.
 *
 * An entry that upstream takes part in is pending, is upstream's own entry, or has collided. A client-only entry that
 * upstream does not see goes where its anchor goes; if the anchor collides with incoming entry k, the anchor is from then
 * on the nearest local entry before it that is still pending at k, and without one the entry stands directly before k.
 */
const fateOf = (
  local: ReadonlyArray<Entry>,
  place: number,
  incoming: ReadonlyArray<Entry>,
  isSeen: (entry: Entry) => boolean,
): Fate => {
  const entry = local[place]
  if (entry === undefined) return { at: 'gone' }
  const index = incoming.findIndex((one) => one.id === entry.id)
  if (index !== -1) return incoming.some((one) => isSame(one, entry)) ? { at: 'match', index } : { at: 'gone' }
  if (isSeen(entry)) return { at: 'pending' }

  const arrivalOf = (one: Entry): number => {
    const arrival = incoming.findIndex((other) => other.id === one.id)
    return arrival === -1 ? Infinity : arrival
  }
  let since = -1
  for (;;) {
    const anchor = local.slice(0, place).findLast((one) => isSeen(one) && arrivalOf(one) > since)
    if (anchor === undefined) return { at: 'before', index: Math.max(since, 0) }
    const arrival = arrivalOf(anchor)
    if (arrival === Infinity) return { at: 'pending' }
    if (incoming.some((one) => isSame(one, anchor))) return { at: 'behind', index: arrival }
    since = arrival
  }
}

/** `upstream-advance`: local entries stand behind `head`, and so do upstream's. */
export const advanceOracle = (
  head: Head,
  local: ReadonlyArray<Entry>,
  incoming: ReadonlyArray<Entry>,
  scope: 'all' | 'synced',
): Expected => {
  const isSeen = (entry: Entry): boolean => scope === 'all' || !entry.isClientOnly
  const fates = local.map((_, place) => fateOf(local, place, incoming, isSeen))
  const beside = (at: Fate['at'], index: number): ReadonlyArray<Entry> =>
    local.filter((_, place) => {
      const fate = fates[place]
      return fate?.at === at && 'index' in fate && fate.index === index
    })
  const pending = local.filter((_, place) => fates[place]?.at === 'pending')
  const arrived = incoming.flatMap((entry, index) => [...beside('before', index), entry, ...beside('behind', index)])
  return compareLogs(head, local, [...arrived, ...pending], pending)
}

/** `upstream-rebase`: everything in `have` goes, upstream's entries come, the pending ones among neither stay. */
export const rebaseOracle = (
  base: Head,
  confirmedBefore: ReadonlyArray<Entry>,
  pendingBefore: ReadonlyArray<Entry>,
  incoming: ReadonlyArray<Entry>,
  refused: ReadonlySet<string>,
): Expected => {
  const left = pendingBefore.filter((one) => !refused.has(one.id) && !incoming.some((other) => other.id === one.id))
  const have = [...confirmedBefore, ...pendingBefore]
  const compared = compareLogs(base, have, [...incoming, ...left], left, 0)
  const isPendingBefore = (text: string): boolean => pendingBefore.some(({ id }) => text.split(' ')[1] === id)
  return {
    ...compared,
    kind: 'rebase',
    // Events that this session had confirmed before are no news, whether they come again or not.
    confirmed: compared.confirmed.filter(isPendingBefore),
    dropped: compared.dropped.filter(isPendingBefore),
  }
}

/** `upstream-reject`: the groups of the named events go, but for what the backend has acknowledged. */
export const rejectOracle = (
  head: Head,
  local: ReadonlyArray<Entry>,
  ids: ReadonlySet<string>,
  acknowledgedGlobal: number,
): Expected => {
  const positions = places(local, head)
  const isAcknowledged = (one: Entry, place: number): boolean =>
    !one.isClientOnly && (positions[place]?.global ?? 0) <= acknowledgedGlobal
  const isNamed = (one: Entry): boolean => local.some((other) => ids.has(other.id) && other.group === one.group)
  const left = local.filter((one, place) => !isNamed(one) || isAcknowledged(one, place))
  const isWaiting = (_: Entry, place: number): boolean => left.slice(0, place + 1).some((one) => !one.isClientOnly)
  return compareLogs(head, local, left, left.filter(isWaiting))
}

/** `local-push` of entries that follow: they stand behind what is pending. */
export const pushOracle = (
  head: Head,
  local: ReadonlyArray<Entry>,
  pushed: ReadonlyArray<Entry>,
  scope: 'all' | 'synced' | 'none',
): Expected => {
  const whole = [...local, ...pushed]
  const isWaiting = (_: Entry, place: number): boolean =>
    scope === 'all' || (scope === 'synced' && whole.slice(0, place + 1).some((one) => !one.isClientOnly))
  const pending = whole.filter(isWaiting)
  const compared = compareLogs(head, local, whole, pending)
  const confirmed = compared.log.slice(0, whole.length - pending.length)
  return { ...compared, kind: 'advance', confirmed, dropped: [] }
}
