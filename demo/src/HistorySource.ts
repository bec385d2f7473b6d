/** Where the demo's commits come from: a repository, and beside it a generated one where that is short. */
import { join } from 'node:path'
import { generateRepository } from './GeneratedRepository.ts'
import { GitFailed } from './Git.ts'
import { type GitHistory, type HistoryCommit, readGitHistory } from './GitHistory.ts'
import { addTotals, type GitTotals, noTotals, readGitTotals } from './GitTotals.ts'

/** With fewer than this a history is too short to show anything. */
const commitsMin = 500
const generatedCommits = 2_000

export interface HistorySource {
  readonly name: string
  readonly history: GitHistory
  readonly totals: GitTotals
}

export interface HistorySources {
  readonly sources: ReadonlyArray<HistorySource>
  /** Of all sources, by time; each sha once. */
  readonly commits: ReadonlyArray<HistoryCommit>
  readonly totals: GitTotals
  /** What a reader has to know about where the figures come from. */
  readonly remarks: ReadonlyArray<string>
}

export interface SourceOptions {
  readonly repository: string
  /** Whether the user has named it: then it has to be one. */
  readonly isRequired: boolean
  readonly folder: string
  readonly seed: number
}

/** **Fails with** `GitFailed`: git is missing, or a repository that the user has named is none. */
export const readSources = async ({ repository, isRequired, folder, seed }: SourceOptions): Promise<HistorySources> => {
  const remarks: Array<string> = []
  const sources: Array<HistorySource> = []
  const history = await readGitHistory(repository).catch((error: unknown) => {
    if (isRequired || !(error instanceof GitFailed)) throw error
    remarks.push(`no history in ${repository} (a tarball?): ${error.message}`)
    return undefined
  })
  if (history !== undefined) {
    if (history.isShallow)
      remarks.push(`${repository} is a shallow clone: git knows its last ${history.commits.length} commits only`)
    if (history.isCut)
      remarks.push(
        `the newest ${history.commits.length} commits of ${repository}, on both sides of the comparison; more would take longer than a demo may`,
      )
    if (history.commits.length > 0) sources.push({ name: repository, history, totals: await readGitTotals(history) })
  }
  const found = history?.commits.length ?? 0
  if (found < commitsMin || history?.isShallow === true) {
    remarks.push(
      `${found} commits there, fewer than ${commitsMin} or not all of them: a generated history of ${generatedCommits} (seed ${seed}) is used beside it`,
    )
    const generated = join(folder, 'generated.git')
    await generateRepository({ folder: generated, seed, commits: generatedCommits })
    const generatedHistory = await readGitHistory(generated)
    sources.push({
      name: `generated, seed ${seed}`,
      history: generatedHistory,
      totals: await readGitTotals(generatedHistory),
    })
  }
  return {
    sources,
    commits: sources.flatMap((source) => source.history.commits.toReversed()).sort((a, b) => a.time - b.time),
    totals: sources.map((source) => source.totals).reduce(addTotals, noTotals),
    remarks,
  }
}
