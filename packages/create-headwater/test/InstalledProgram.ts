/** The program as it is when it is installed, its templates beside it, without a build: a copy in a folder of its own. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { bundleTemplates } from '../scripts/bundleTemplates.ts'

const packageFolder = path.join(import.meta.dirname, '..')

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export class InstalledProgram {
  readonly #home: string
  #folder = ''

  constructor() {
    this.#home = mkdtempSync(path.join(tmpdir(), 'create-headwater-test-'))
    cpSync(path.join(packageFolder, 'src'), path.join(this.#home, 'src'), { recursive: true })
    cpSync(path.join(packageFolder, 'package.json'), path.join(this.#home, 'package.json'))
    symlinkSync(path.join(packageFolder, 'node_modules'), path.join(this.#home, 'node_modules'), 'junction')
    bundleTemplates(path.join(this.#home, 'src/templates'))
    this.enterNewFolder()
  }

  /** Where commands run; empty at first. */
  get folder(): string {
    return this.#folder
  }

  enterNewFolder(): void {
    this.#folder = mkdtempSync(path.join(this.#home, 'work-'))
  }

  /**
   * Runs it as a script does: nobody is there to answer, and it was started by npm, whatever started the tests (the
   * program prints the commands of the package manager that it finds in the environment).
   */
  run(
    args: ReadonlyArray<string>,
    options: { cwd?: string; env?: object; nodeFlags?: ReadonlyArray<string> } = {},
  ): Ended {
    const { cwd = this.folder, env = {}, nodeFlags = [] } = options
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...nodeFlags, path.join(this.#home, 'src/main.ts'), ...args],
      {
        cwd,
        env: { ...process.env, npm_config_user_agent: undefined, ...env },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    return { code: status, stdout, stderr }
  }

  remove(): void {
    rmSync(this.#home, { recursive: true, force: true })
  }
}
