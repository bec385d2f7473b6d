/** A project as `npm create headwater` makes it, from packages that nobody has published yet. */
import path from 'node:path'
import { CommandFailed, runNode } from '../workspace/Command.ts'
import { npmScript } from '../workspace/PackageManagers.ts'

export class ScaffoldedProject {
  readonly folder: string
  readonly #env: Readonly<Record<string, string>>

  private constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.folder = folder
    this.#env = env
  }

  /** Makes it with npm, and installs it. **Fails with** `CommandFailed`. */
  static async create(template: string, parent: string, registry: string): Promise<ScaffoldedProject> {
    const env = { npm_config_registry: registry, npm_config_cache: path.join(parent, '.npm-cache') }
    const project = new ScaffoldedProject(path.join(parent, template), env)
    // What a reader of the README types, by flags alone.
    const args = ['create', '--yes', 'headwater', template, '--', '--template', template, '--yes']
    await runNode([npmScript(), ...args], { cwd: parent, env })
    await project.npm('install', '--no-audit', '--no-fund')
    return project
  }

  npm(...args: ReadonlyArray<string>): Promise<string> {
    return runNode([npmScript(), ...args], { cwd: this.folder, env: this.#env })
  }

  /** A script that is expected to fail. **Shape**  what it said; `undefined` if it did not fail. */
  async failing(...args: ReadonlyArray<string>): Promise<string | undefined> {
    try {
      await this.npm(...args)
      return undefined
    } catch (error) {
      if (error instanceof CommandFailed) return error.output
      throw error
    }
  }
}
