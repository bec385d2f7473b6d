/**
 * The tables as they follow from the server's log: a second, plain implementation of what `HistorySchema.ts` says, with
 * maps and additions, without SQL and without anything of Headwater.
 */
import type { BackendLogEvent } from './DemoBackend.ts'
import { digestOf, type Row, type TableDigest } from './TableDigest.ts'

export interface HistoryDigest {
  readonly commits: TableDigest
  readonly files: TableDigest
  readonly authors: TableDigest
}

interface CommittedArgs {
  readonly sha: string
  readonly author: string
  readonly time: number
  readonly part: number
  readonly files: ReadonlyArray<readonly [string, number | null, number | null]>
}

interface Sums {
  count: number
  insertions: number
  deletions: number
  last: string
}

export interface FoldedLog {
  readonly digest: HistoryDigest
  readonly commitsByAuthor: ReadonlyMap<string, number>
  readonly paths: ReadonlySet<string>
  /** Parts of commits that occur more than once. */
  readonly doubled: number
  readonly shas: ReadonlySet<string>
}

const sumsIn = (map: Map<string, Sums>, key: string): Sums => {
  const sums = map.get(key) ?? { count: 0, insertions: 0, deletions: 0, last: '' }
  map.set(key, sums)
  return sums
}

/** **Shape** `log`: oldest first. */
export const foldLog = (log: ReadonlyArray<BackendLogEvent>): FoldedLog => {
  const commits = new Map<
    string,
    { author: string; time: number; parts: number; files: number; insertions: number; deletions: number }
  >()
  const files = new Map<string, Sums>()
  const authors = new Map<string, Sums>()
  const seen = new Set<string>()
  for (const { argsJson } of log) {
    const { sha, author, time, part, files: changed } = JSON.parse(argsJson) as CommittedArgs
    seen.add(`${sha} ${part}`)
    const commit = commits.get(sha) ?? { author, time, parts: 0, files: 0, insertions: 0, deletions: 0 }
    commits.set(sha, commit)
    const byAuthor = sumsIn(authors, author)
    commit.parts += 1
    commit.files += changed.length
    byAuthor.count += part === 0 ? 1 : 0
    byAuthor.last = sha
    for (const [path, added, deleted] of changed) {
      const file = sumsIn(files, path)
      file.count += 1
      file.last = sha
      for (const sums of [commit, byAuthor, file]) {
        sums.insertions += added ?? 0
        sums.deletions += deleted ?? 0
      }
    }
  }
  const commitRows = [...commits].map(([sha, c]): Row => [
    sha,
    c.author,
    c.time,
    c.parts,
    c.files,
    c.insertions,
    c.deletions,
  ])
  return {
    digest: {
      commits: digestOf(sorted(commitRows)),
      files: digestOf(sorted(rowsOf(files))),
      authors: digestOf(sorted(rowsOf(authors))),
    },
    commitsByAuthor: new Map([...authors].map(([name, { count }]) => [name, count])),
    paths: new Set(files.keys()),
    doubled: log.length - seen.size,
    shas: new Set(commits.keys()),
  }
}

const rowsOf = (sums: ReadonlyMap<string, Sums>): ReadonlyArray<Row> =>
  [...sums].map(([key, { count, insertions, deletions, last }]): Row => [key, count, insertions, deletions, last])

/** SQLite compares texts by their bytes; JavaScript's own order differs beyond U+FFFF. */
const sorted = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> =>
  rows
    .map((row) => ({ row, key: Buffer.from(String(row[0])) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ row }) => row)
