/** The demo from beginning to end: a server, the life of one event, a rebase, a real history. */
import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Checks } from './Checks.ts'
import { backendKind, type DemoBackend } from './DemoBackend.ts'
import type { DemoOptions } from './DemoOptions.ts'
import { requireRepository } from './GitHistory.ts'
import type { HistoryFigures } from './HistoryFigures.ts'
import { runHistory } from './HistoryRun.ts'
import { type HistorySources, readSources } from './HistorySource.ts'
import { showLife } from './LifeOfAnEvent.ts'
import { showRebase } from './RebaseScene.ts'
import { grouped, secondsText, type Terminal } from './Terminal.ts'

/** Everything that the demo has measured and compared: what `--json` writes. */
interface Figures {
  readonly options: DemoOptions
  readonly node: string
  readonly elapsedMs: number
  readonly remarks: ReadonlyArray<string>
  readonly sources: ReadonlyArray<{ readonly name: string; readonly commits: number; readonly authors: number }>
  readonly history: HistoryFigures
  readonly checks: Checks['list']
}

/** Answers with the number of checks that failed. **Fails with** `GitFailed`, and whatever keeps a part from ending. */
export const runDemo = async (options: DemoOptions, terminal: Terminal): Promise<number> => {
  const startedAt = performance.now()
  if (options.isRepositoryNamed) await requireRepository(options.repository)
  const folder = await mkdtemp(join(tmpdir(), 'headwater-demo-'))
  // On every way out, also when the demo is interrupted.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const checks = new Checks()
  let backend: DemoBackend | undefined
  try {
    // Read while the first parts run: git works in processes of its own.
    const reading = readSources({
      repository: options.repository,
      isRequired: options.isRepositoryNamed,
      folder,
      seed: options.seed,
    })
    reading.catch(() => undefined)
    terminal.heading('a  The server')
    backend = await backendKind(options.backend).start(folder)
    terminal.line(`  ${backend.description}`)
    const scene = { folder, backend, terminal, checks }
    terminal.heading('b  Life of an event')
    await showLife(scene)
    terminal.heading('c  Rebase')
    await showRebase(scene)
    terminal.heading('d  Real input: a git history, its authors as clients')
    const sources = await reading
    tellSources(terminal, sources)
    const history = await runHistory({ ...scene, sources, clients: options.clients, seed: options.seed })
    const elapsedMs = performance.now() - startedAt
    tellChecks(terminal, checks, elapsedMs)
    if (options.jsonFile !== null)
      await writeFigures(options.jsonFile, figuresOf(options, sources, history, checks, elapsedMs))
    return checks.failed
  } finally {
    await backend?.close()
  }
}

const tellSources = (terminal: Terminal, { sources, remarks }: HistorySources): void => {
  for (const remark of remarks) terminal.line(`  note: ${remark}`)
  for (const { name, totals } of sources) {
    terminal.line(
      `  ${name}: ${grouped(totals.commits)} commits by ${totals.commitsByAuthor.size} authors, ${grouped(totals.fileChanges)} file changes`,
    )
  }
}

const tellChecks = (terminal: Terminal, { list, failed }: Checks, elapsedMs: number): void => {
  terminal.heading('Checks')
  for (const { name, isPassed, detail } of list) {
    terminal.line(
      `  ${isPassed ? terminal.good('passed') : terminal.bad('FAILED')}  ${name}${detail === '' ? '' : terminal.dim(` (${detail})`)}`,
    )
  }
  terminal.line()
  terminal.line(`  ${secondsText(elapsedMs)} for all of it`)
  terminal.line(`demo: ${list.length - failed} checks passed, ${failed} failed`)
}

const figuresOf = (
  options: DemoOptions,
  { sources, remarks }: HistorySources,
  history: HistoryFigures,
  checks: Checks,
  elapsedMs: number,
): Figures => ({
  options,
  node: process.version,
  elapsedMs,
  remarks,
  sources: sources.map(({ name, totals }) => ({ name, commits: totals.commits, authors: totals.commitsByAuthor.size })),
  history,
  checks: checks.list,
})

const writeFigures = (file: string, figures: Figures): Promise<void> =>
  writeFile(file, `${JSON.stringify(figures, undefined, 2)}\n`)
