/** The comparison at the end of the demo: every client, the fold of the server's log, and git, which must all agree. */
import type { Checks } from './Checks.ts'
import type { GitTotals } from './GitTotals.ts'
import type { FoldedLog, HistoryDigest } from './LogFold.ts'
import type { Terminal } from './Terminal.ts'

export interface ComparedClient {
  readonly name: string
  readonly tables: HistoryDigest
}

/** Column of `TableDigest.sums`: see the tables in `HistorySchema.ts`. */
const column = {
  commits: { parts: 3, files: 4, insertions: 5, deletions: 6 },
  files: { changes: 1 },
  authors: { commits: 1 },
} as const

const figuresOf = ({ commits, files, authors }: HistoryDigest): ReadonlyArray<number> => [
  commits.rows,
  authors.rows,
  authors.sums[column.authors.commits] ?? 0,
  files.rows,
  files.sums[column.files.changes] ?? 0,
  commits.sums[column.commits.insertions] ?? 0,
  commits.sums[column.commits.deletions] ?? 0,
]

const gitFigures = (totals: GitTotals): ReadonlyArray<number> => [
  totals.commits,
  totals.commitsByAuthor.size,
  [...totals.commitsByAuthor.values()].reduce((a, b) => a + b, 0),
  totals.paths.size,
  totals.fileChanges,
  totals.insertions,
  totals.deletions,
]

const fingerprint = ({ commits, files, authors }: HistoryDigest): string =>
  [commits, files, authors].map(({ sha256 }) => sha256.slice(0, 8)).join(' ')

export const compareHistories = (
  terminal: Terminal,
  checks: Checks,
  clients: ReadonlyArray<ComparedClient>,
  folded: FoldedLog,
  totals: GitTotals,
): void => {
  const header = [
    '',
    'commits',
    'authors',
    'by author',
    'paths',
    'file changes',
    'insertions',
    'deletions',
    'commits/files/authors, sha256',
  ]
  terminal.table([
    header,
    ['git', ...gitFigures(totals), ''],
    ['server log', ...figuresOf(folded.digest), fingerprint(folded.digest)],
    ...clients.map(({ name, tables }) => [name, ...figuresOf(tables), fingerprint(tables)]),
  ])
  const expected = gitFigures(totals)
  checks.equal("the server's log, folded, adds up to git's totals", figuresOf(folded.digest), expected)
  checks.equal(
    'commits of every author: log and `git shortlog -sn`',
    sortedEntries(folded.commitsByAuthor),
    sortedEntries(totals.commitsByAuthor),
  )
  checks.equal('paths: log and `git log --name-only`', [...folded.paths].sort(), [...totals.paths].sort())
  checks.equal('events that came twice', folded.doubled, 0)
  for (const { name, tables } of clients) {
    checks.equal(`${name}: tables identical to the folded log`, tables, folded.digest)
    checks.equal(`${name}: totals identical to git's`, figuresOf(tables), expected)
  }
}

const sortedEntries = (map: ReadonlyMap<string, number>): ReadonlyArray<readonly [string, number]> =>
  [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
