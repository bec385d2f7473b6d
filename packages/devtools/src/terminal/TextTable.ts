import { stripVTControlCharacters } from 'node:util'

/** Cells under each other, two spaces between; a column of numbers is as it was padded by the caller. */
export const textTable = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths: Array<number> = []
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell))
  return rows.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat(widths[i]! - widthOf(cell)))
      .join('  ')
      .trimEnd(),
  )
}

const widthOf = (cell: string): number => stripVTControlCharacters(cell).length

/** Control characters would be taken for commands by a terminal, or turn its lines around: what people wrote is shown, not run. */
export const printable = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  )

/** At most `length` characters, the last one an ellipsis where there were more. */
export const shortened = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`

/** `840 B`, `12 kB`, `1.2 MB`. */
export const sizeText = (bytes: number): string => {
  const unit = ['B', 'kB', 'MB', 'GB'].findLast((_, power) => bytes >= 1000 ** power) ?? 'B'
  const value = bytes / 1000 ** ['B', 'kB', 'MB', 'GB'].indexOf(unit)
  return `${value < 10 && unit !== 'B' ? value.toFixed(1) : Math.round(value)} ${unit}`
}
