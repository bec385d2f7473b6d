/**
 * The mark of an append, and the cursors that name it. Random and the same for all events of one append, so that a log that
 * was restored and has grown again is not taken for the one it was.
 *
 * **Shape**  of a cursor: `<global>.<mark>` of the last event of a page; what a client adds behind a `/` is its own.
 */
import { randomBytes } from 'node:crypto'

/** What an event is known by: itself, and the append that wrote it. */
export interface EventKey {
  readonly eventId: string
  readonly mark: string
}

/** 72 bits: chance does not give two appends the same one, nor does a restore. */
export const makeMark = (): string => randomBytes(9).toString('base64url')

export const cursorOf = (global: number, at: EventKey | undefined): string | null =>
  at === undefined ? null : `${global}.${at.mark}`

/** The place that a cursor names; `undefined` if it names none, as at the root or where it cannot be read. */
export const cursorGlobalOf = (cursor: string | null): number | undefined => readCursor(cursor)?.global

/** Whether the append that the cursor names is in the log; nothing is asked of one that names none. */
export const holdsCursor = (cursor: string | null, keyAt: (global: number) => EventKey | undefined): boolean => {
  const named = readCursor(cursor)
  return named === undefined || keyAt(named.global)?.mark === named.mark
}

const readCursor = (cursor: string | null): { readonly global: number; readonly mark: string } | undefined => {
  const [, global, mark] = /^(\d{1,16})\.([\w-]{1,64})(?:\/|$)/.exec(cursor ?? '') ?? []
  if (global === undefined || mark === undefined || Number(global) === 0) return undefined
  return { global: Number(global), mark }
}
