/** The backend template: its suite fails on what is to be written and on nothing else, and passes when that is written. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { workspaceRoot } from '../workspace/Workspace.ts'
import { mustBe } from './Expectation.ts'
import type { ScaffoldedProject } from './ScaffoldedProject.ts'

/** The file backend behind the template's names. */
const written = `import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileBackend, type FileBackendOptions, fileBackend } from './FileBackend.ts'

export type Backend = FileBackend
export type BackendOptions = Omit<FileBackendOptions, 'directory'>

export const makeBackend = (options: BackendOptions = {}): Backend =>
  fileBackend({ directory: mkdtempSync(join(tmpdir(), 'backend-')), ...options })
`

/** **Shape**  what was seen to work. **Fails with** the first thing that did not. */
export const checkBackend = async (project: ScaffoldedProject): Promise<ReadonlyArray<string>> => {
  await project.npm('run', 'check')
  const before = countsOf((await project.failing('test', '--', '--test-reporter=tap')) ?? '')
  mustBe(before.failed > 0 && before.passed === 0, `nothing is written, and ${before.passed} cases pass`)
  mustBe(before.toBeWritten === before.failed, `${before.failed - before.toBeWritten} cases fail for something else`)

  const example = path.join(workspaceRoot, 'examples/backend-file/src')
  const own = path.join(project.folder, 'src')
  for (const file of ['FileBackend.ts', 'FileLog.ts']) cpSync(path.join(example, file), path.join(own, file))
  writeFileSync(path.join(own, 'Backend.ts'), written)
  await project.npm('run', 'check')
  const after = countsOf(await project.npm('test', '--', '--test-reporter=tap'))
  mustBe(
    after.failed === 0 && after.passed === before.failed,
    `${after.passed} pass, ${after.failed} fail when written`,
  )
  mustBe(readFileSync(path.join(project.folder, 'README.md'), 'utf8').startsWith('# backend\n'), 'README has no name')
  return [`types`, `${before.failed} laws fail until it is written`, `${after.passed} pass when it is`]
}

interface Counts {
  readonly passed: number
  readonly failed: number
  /** Failures that say so. */
  readonly toBeWritten: number
}

const countsOf = (tap: string): Counts => {
  const count = (name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0)
  return {
    passed: count('pass'),
    failed: count('fail'),
    toBeWritten: [...tap.matchAll(/^ *error: 'to be written: /gm)].length,
  }
}
