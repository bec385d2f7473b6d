/**
 * What git itself says a history adds up to, by other commands than the one the events were made from.
 *
 * | Figure                          | Command                                                |
 * | ------------------------------- | ------------------------------------------------------ |
 * | commits                         | `git rev-list --count HEAD`                            |
 * | commits per author              | `git shortlog -sn HEAD`                                |
 * | file changes, lines per commit  | `git log --no-renames --shortstat HEAD`                |
 * | paths that ever changed         | `git log --no-renames --name-only -z HEAD`             |
 */
import { git, textOf } from './Git.ts'
import type { GitHistory } from './GitHistory.ts'

export interface GitTotals {
  readonly commits: number
  readonly commitsByAuthor: ReadonlyMap<string, number>
  readonly fileChanges: number
  readonly insertions: number
  readonly deletions: number
  readonly paths: ReadonlySet<string>
}

export const noTotals: GitTotals = {
  commits: 0,
  commitsByAuthor: new Map(),
  fileChanges: 0,
  insertions: 0,
  deletions: 0,
  paths: new Set(),
}

/** Asks git. A history that was cut is cut at the same commit here. **Fails with** `GitFailed`. */
export const readGitTotals = async (history: GitHistory): Promise<GitTotals> => {
  if (history.commits.length === 0) return noTotals
  const { repository } = history
  const range = [...(history.isCut ? [`--max-count=${history.commits.length}`] : []), 'HEAD']
  const [count, shortlog, shortstat, names] = await Promise.all([
    git(repository, ['rev-list', '--count', ...range, '--']),
    git(repository, ['shortlog', '-sn', ...range, '--']),
    git(repository, ['log', '--no-renames', '--shortstat', '--format=', ...range, '--']),
    git(repository, ['log', '--no-renames', '--name-only', '-z', '--format=', ...range, '--']),
  ])
  return {
    commits: Number(count.toString().trim()),
    commitsByAuthor: parseShortlog(shortlog),
    ...parseShortstat(shortstat.toString('latin1')),
    paths: new Set(
      splitAt(names, 0)
        .map((name) => textOf(name))
        .filter((name) => name !== ''),
    ),
  }
}

/** Several histories side by side. */
export const addTotals = (a: GitTotals, b: GitTotals): GitTotals => {
  const commitsByAuthor = new Map(a.commitsByAuthor)
  for (const [author, commits] of b.commitsByAuthor)
    commitsByAuthor.set(author, (commitsByAuthor.get(author) ?? 0) + commits)
  return {
    commits: a.commits + b.commits,
    commitsByAuthor,
    fileChanges: a.fileChanges + b.fileChanges,
    insertions: a.insertions + b.insertions,
    deletions: a.deletions + b.deletions,
    paths: new Set([...a.paths, ...b.paths]),
  }
}

/** Lines `  12<tab>Name`. */
const parseShortlog = (output: Buffer): ReadonlyMap<string, number> => {
  const commitsByAuthor = new Map<string, number>()
  for (const line of splitAt(output, 0x0a)) {
    const tab = line.indexOf(0x09)
    if (tab < 0) continue
    const author = textOf(line.subarray(tab + 1))
    commitsByAuthor.set(author, (commitsByAuthor.get(author) ?? 0) + Number(line.toString('latin1', 0, tab)))
  }
  return commitsByAuthor
}

/** Lines ` 3 files changed, 12 insertions(+), 1 deletion(-)`; a part that is zero is left out. */
const parseShortstat = (output: string): Pick<GitTotals, 'fileChanges' | 'insertions' | 'deletions'> => {
  const sum = (pattern: RegExp): number => {
    let total = 0
    for (const match of output.matchAll(pattern)) total += Number(match[1])
    return total
  }
  return {
    fileChanges: sum(/(\d+) files? changed/g),
    insertions: sum(/(\d+) insertions?\(\+\)/g),
    deletions: sum(/(\d+) deletions?\(-\)/g),
  }
}

const splitAt = (bytes: Buffer, separator: number): Array<Buffer> => {
  const parts: Array<Buffer> = []
  let from = 0
  for (let end = bytes.indexOf(separator); end >= 0; end = bytes.indexOf(separator, from)) {
    parts.push(bytes.subarray(from, end))
    from = end + 1
  }
  if (from < bytes.length) parts.push(bytes.subarray(from))
  return parts
}
