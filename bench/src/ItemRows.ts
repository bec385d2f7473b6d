import { Checksum } from './Checksum.ts'

/** Rows in lists, which every side of the workloads about queries writes and reads. Loads nothing of ours. */
export interface Item {
  readonly id: string
  readonly listId: string
  readonly position: number
  readonly text: string
}

/** How many there are: row `index` is in list `index % lists`, and texts have at least that many characters. */
export interface ItemSizes {
  readonly count: number
  readonly lists: number
  readonly textLength: number
}

export const itemId = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`

export const listId = (list: number): string => `list-${list}`

/** Positions leave room, so that a row can be moved between two others. */
export const positionStep = 10

export const itemText = (label: string, textLength: number): string => label.padEnd(textLength, '.')

export const itemAt = (index: number, { lists, textLength }: ItemSizes): Item => ({
  id: itemId(index),
  listId: listId(index % lists),
  position: index * positionStep,
  text: itemText(`item number ${index}`, textLength),
})

/** The rows from `first` on, `count` of them. */
export const itemRange = (first: number, count: number, sizes: ItemSizes): ReadonlyArray<Item> =>
  Array.from({ length: count }, (_, i) => itemAt(first + i, sizes))

/** Hashes answers in the order in which they are added; the same answers, the same text. */
export class AnswerChecksum {
  readonly #checksum = new Checksum()

  addNumber(answer: number): void {
    this.#checksum.add(`number ${answer};`)
  }

  /** `undefined`: the query for one row had none. */
  addRows(rows: Iterable<Item | undefined>): void {
    for (const row of rows)
      this.#checksum.add(row === undefined ? 'none' : JSON.stringify([row.id, row.listId, row.position, row.text]))
    this.#checksum.add(';')
  }

  /** Nothing can be added behind it. */
  digest(): string {
    return this.#checksum.digest()
  }
}
