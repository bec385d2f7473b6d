import { Checksum } from './Checksum.ts'

/** The rows that every side writes, and the checksum of what it has in the end. Loads nothing of ours. */
export interface TodoArgs {
  readonly id: string
  readonly text: string
}

/** Event `index`: an id of UUID length, so that keys are as long as in an app. */
export const todoArgs = (index: number): TodoArgs => ({
  id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  text: `todo number ${index}`,
})

/** `count` of them from `first` on. */
export const todoRange = (first: number, count: number): ReadonlyArray<TodoArgs> =>
  Array.from({ length: count }, (_, i) => todoArgs(first + i))

/**
 * Hash of a todos table and what a live count said of it.
 *
 * **Shape**  rows `[id, text, done]` in the order of ids; `done` as 0 or 1.
 */
export const todosChecksum = (rows: Iterable<readonly [string, string, number]>, counted: number): string => {
  const checksum = new Checksum()
  for (const row of rows) checksum.add(JSON.stringify(row))
  return checksum.add(`count ${counted}`).digest()
}

/** The checksum of todos `0 … count - 1`, worked out without any database. */
export const expectedChecksum = (count: number): string =>
  todosChecksum(
    todoRange(0, count).map(({ id, text }) => [id, text, 0] as const),
    count,
  )
