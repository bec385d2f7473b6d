/**
 * A table as one line of text per row, in the order of its key's bytes, and its fingerprint: what clients and the fold
 * of the server's log are compared by.
 */
import { createHash } from 'node:crypto'

export type Row = ReadonlyArray<string | number>

export interface TableDigest {
  readonly rows: number
  readonly sha256: string
  /** The sum of each column; 0 for one of texts. */
  readonly sums: ReadonlyArray<number>
}

/** **Shape** `rows`: the key first, sorted by its UTF-8 bytes, as SQLite sorts text. */
export const digestOf = (rows: ReadonlyArray<Row>): TableDigest => {
  const hash = createHash('sha256')
  const sums: Array<number> = []
  for (const row of rows) {
    hash.update(`${JSON.stringify(row)}\n`)
    for (const [column, value] of row.entries())
      sums[column] = (sums[column] ?? 0) + (typeof value === 'number' ? value : 0)
  }
  return { rows: rows.length, sha256: hash.digest('hex'), sums }
}
