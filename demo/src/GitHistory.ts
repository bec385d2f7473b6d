/**
 * The history of a repository, as `git log --no-renames --numstat -z` tells it: merges have no files of their own there,
 * a rename is a deletion and an addition, and a binary file has no lines (`-`).
 */
import { resolve } from 'node:path'
import { git, gitStream, textOf } from './Git.ts'

/** A file that a commit changed. **Shape** path, lines added, lines deleted; `null` for a binary file. */
export type ChangedFile = readonly [path: string, added: number | null, deleted: number | null]

export interface HistoryCommit {
  readonly sha: string
  /** After the repository's `.mailmap` (`%aN`). */
  readonly author: string
  /** **Units** seconds since 1970, the author's clock. */
  readonly time: number
  readonly files: ReadonlyArray<ChangedFile>
}

export interface GitHistory {
  readonly repository: string
  /** Newest first, as git gives them. */
  readonly commits: ReadonlyArray<HistoryCommit>
  readonly isShallow: boolean
  /** There are older commits, which the demo leaves out on both sides of its comparison. */
  readonly isCut: boolean
}

/** File rows after which a history is cut: what eight clients on two cores apply, replay and compare in half a minute. */
const fileRowsMax = 40_000
/** Commits after which it is cut, for the same reason. */
const commitsMax = 8_000

/** **Fails with** `GitFailed`: no repository there, no git. */
export const requireRepository = async (path: string): Promise<void> => {
  await git(resolve(path), ['rev-parse', '--git-dir'])
}

/**
 * Reads the history behind HEAD. A repository without commits has an empty one.
 *
 * **Fails with**  `GitFailed`: no repository, no git.
 */
export const readGitHistory = async (path: string): Promise<GitHistory> => {
  const repository = resolve(path)
  const facts = (await git(repository, ['rev-parse', '--is-shallow-repository'])).toString().trim()
  const isShallow = facts === 'true'
  const hasHead = await git(repository, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']).then(
    () => true,
    () => false,
  )
  if (!hasHead) return { repository, commits: [], isShallow, isCut: false }
  const commits: Array<HistoryCommit> = []
  let fileRows = 0
  for await (const commit of readCommits(repository)) {
    fileRows += commit.files.length
    const isTooMuch = commits.length >= commitsMax || (fileRows > fileRowsMax && commits.length > 0)
    if (isTooMuch) return { repository, commits, isShallow, isCut: true }
    commits.push(commit)
  }
  return { repository, commits, isShallow, isCut: false }
}

/** Marks the first field of a commit: no path or count begins with it. */
const mark = '\x01'

async function* readCommits(repository: string): AsyncGenerator<HistoryCommit, void, void> {
  const format = '--format=%x01%H%x00%aN%x00%at'
  const fields = splitAtNul(gitStream(repository, ['log', '--no-renames', '--numstat', '-z', format, 'HEAD', '--']))
  let current: { sha: string; author: string; time: number; files: Array<ChangedFile> } | undefined
  for await (const field of fields) {
    if (field.toString('latin1', 0, 1) === mark) {
      if (current !== undefined) yield current
      const author = (await fields.next()).value ?? Buffer.alloc(0)
      const time = Number((await fields.next()).value?.toString() ?? 0)
      current = {
        sha: field.toString('latin1', 1),
        author: textOf(author),
        time: Number.isSafeInteger(time) ? time : 0,
        files: [],
      }
    } else if (current !== undefined && field.length > 0) {
      const file = changedFile(field)
      if (file !== undefined) current.files.push(file)
    }
  }
  if (current !== undefined) yield current
}

/** `12<tab>3<tab>path`, or `-<tab>-<tab>path`; the first one of a commit has a line feed before it. */
const changedFile = (field: Buffer): ChangedFile | undefined => {
  const start = field[0] === 0x0a ? 1 : 0
  const firstTab = field.indexOf(0x09, start)
  const secondTab = field.indexOf(0x09, firstTab + 1)
  if (firstTab < 0 || secondTab < 0) return undefined
  const count = (from: number, to: number): number | null => {
    const text = field.toString('latin1', from, to)
    return text === '-' ? null : Number(text)
  }
  return [textOf(field.subarray(secondTab + 1)), count(start, firstTab), count(firstTab + 1, secondTab)]
}

async function* splitAtNul(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  let rest: Array<Buffer> = []
  for await (const piece of pieces) {
    let from = 0
    for (let end = piece.indexOf(0); end >= 0; end = piece.indexOf(0, from)) {
      yield Buffer.concat([...rest, piece.subarray(from, end)])
      rest = []
      from = end + 1
    }
    if (from < piece.length) rest.push(piece.subarray(from))
  }
  if (rest.length > 0) yield Buffer.concat(rest)
}
