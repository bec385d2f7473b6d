/**
 * Positions in a store's log.
 *
 * A synced event stands at `{ global, client: 0 }`; a client-only event stands behind its *anchor*, the synced event
 * before it, at `{ global, client: n }`. Text form: `e42`, `e42.1` (client-only), `e43r2` (rebase generation 2).
 *
 * The generation is stamped by whoever renumbers and is shown to people; nothing is decided by it and it is part of
 * no key, so {@link compare} and {@link equals} ignore it.
 *
 * **Source**  spec section 2.
 */

/** A position in a store's log. **Units** `global` counts synced events, `client` counts client-only events behind one. */
export interface EventSequenceNumber {
  readonly global: number
  readonly client: number
  readonly rebaseGeneration: number
}

/** A position without the generation: enough to compare, to store and to look up. */
export interface Position {
  readonly global: number
  readonly client: number
}

/** `e0`: the position before the first event of every log. */
export const root: EventSequenceNumber = Object.freeze({ global: 0, client: 0, rebaseGeneration: 0 })

/** Negative if `a` is before `b`, 0 at the same position, positive behind it. The generation is not compared. */
export const compare = (a: Position, b: Position): number => a.global - b.global || a.client - b.client

/** Whether both name the same position, whatever their generations. */
export const equals = (a: Position, b: Position): boolean => a.global === b.global && a.client === b.client

/** The later of two positions. */
export const max = <P extends Position>(a: P, b: P): P => (compare(a, b) >= 0 ? a : b)

/** The earlier of two positions. */
export const min = <P extends Position>(a: P, b: P): P => (compare(a, b) <= 0 ? a : b)

/** The position of an event that directly follows `head`. */
export const next = (head: Position, isClientOnly: boolean, rebaseGeneration = 0): EventSequenceNumber =>
  isClientOnly
    ? { global: head.global, client: head.client + 1, rebaseGeneration }
    : { global: head.global + 1, client: 0, rebaseGeneration }

/** Whether `seq` is what {@link next} answers, whatever its generation; makes nothing. */
export const isNext = (head: Position, isClientOnly: boolean, seq: Position): boolean =>
  isClientOnly
    ? seq.global === head.global && seq.client === head.client + 1
    : seq.global === head.global + 1 && seq.client === 0

/**
 * The parent of the event at `position`: for a synced event the synced event before it (client-only ones are skipped),
 * for a client-only event the position just before it.
 */
export const parentOf = (position: Position): Position =>
  position.client === 0
    ? { global: position.global - 1, client: 0 }
    : { global: position.global, client: position.client - 1 }

/** Text form for people and for `store.events({ after })`: `e42`, `e42.1`, `e43r2`. */
export const format = (position: Position & { readonly rebaseGeneration?: number }): string =>
  `e${position.global}${position.client > 0 ? `.${position.client}` : ''}${
    (position.rebaseGeneration ?? 0) > 0 ? `r${position.rebaseGeneration}` : ''
  }`

const pattern = /^e(0|[1-9]\d{0,15})(?:\.([1-9]\d{0,15}))?(?:r([1-9]\d{0,15}))?$/

/** The inverse of {@link format}; `undefined` for anything else, so that the caller can say where the text came from. */
export const parse = (text: string): EventSequenceNumber | undefined => {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [global, client, rebaseGeneration] = [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)]
  const isSafe = Number.isSafeInteger(global) && Number.isSafeInteger(client) && Number.isSafeInteger(rebaseGeneration)
  return isSafe ? { global, client, rebaseGeneration } : undefined
}
