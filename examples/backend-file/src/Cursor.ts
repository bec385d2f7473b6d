/**
 * A cursor names an append: `<global>.<mark of the append that wrote the event there>`. The event's id is not enough. After
 * a restore the same event can come to stand at the same number behind other events, and a client that was away would
 * never hear of it. A mark is never given again, and a log only grows: the same mark, the same everything before it.
 */

/** What a cursor reads of a log. The mark of event `global` stands at `marks[global - 1]`. */
export interface Marks {
  readonly marks: ReadonlyArray<string>
}

export const cursorAt = ({ marks }: Marks, global: number): string | null =>
  global === 0 ? null : `${global}.${marks[global - 1]}`

/** Whether the log holds what the cursor names. Nothing is asked of the root, and of what no log of this kind gave. */
export const holdsCursor = ({ marks }: Marks, cursor: string | null): boolean => {
  const [, global, mark] = /^(\d+)\.(.+)$/.exec(cursor ?? '') ?? []
  return global === undefined || Number(global) === 0 || marks[Number(global) - 1] === mark
}
