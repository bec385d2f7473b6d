import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Background, startNode } from '@headwater/checks/workspace/Background'
import { run, runNode } from '@headwater/checks/workspace/Command'
import { npmScript } from '@headwater/checks/workspace/PackageManagers'
import { readManifest } from '@headwater/checks/workspace/Workspace'
import type { TutorialStep } from './TutorialStep.ts'

/** Somebody with a terminal or three. */
export class TutorialReader {
  #folder: string
  readonly #env: Readonly<Record<string, string>>
  readonly #ports: ReadonlyMap<string, string>
  /** Commands that go on, by the port that they serve. */
  readonly #running = new Map<string, { readonly command: string; readonly program: Background }>()

  constructor(folder: string, registry: string, ports: ReadonlyMap<string, string>) {
    this.#folder = folder
    this.#ports = ports
    this.#env = {
      npm_config_registry: registry,
      npm_config_cache: path.join(folder, '.npm-cache'),
      npm_config_audit: 'false',
      npm_config_fund: 'false',
    }
  }

  /** Where the page says that something is. */
  url(port: string): string {
    return `http://localhost:${this.#ports.get(port)}/`
  }

  async do(step: Exclude<TutorialStep, { readonly kind: 'check' }>): Promise<void> {
    if (step.kind === 'file') return this.#write(step.file, step.text)
    if (step.kind === 'background') return await this.start(step.command)
    const [program = '', ...args] = words(this.#onFreePorts(step.command))
    if (program === 'mkdir') mkdirSync(path.join(this.#folder, args[0]!))
    else if (program === 'cd') this.#folder = path.join(this.#folder, args[0]!)
    else if (program === 'npm') await runNode([npmScript(), ...args], { cwd: this.#folder, env: this.#env })
    else if (program === 'npx') await runNode(this.#installed(args), { cwd: this.#folder })
    else if (program === 'node') await runNode(args, { cwd: this.#folder })
    else await run(program, args, { cwd: this.#folder })
  }

  /** Once it says where it is. A command that was stopped can be started again. */
  async start(command: string): Promise<void> {
    const [, ...args] = words(this.#onFreePorts(command))
    const port = /--port (\d+)/.exec(command)![1]!
    const ready = /(?:localhost|127\.0\.0\.1):(\d+)/
    const program = await startNode(this.#installed(args), { cwd: this.#folder, env: { NO_COLOR: '1' }, ready })
    if (program.match[1] !== this.#ports.get(port)) throw new Error(`${command} is at port ${program.match[1]}`)
    this.#running.set(port, { command, program })
  }

  /** Ctrl-C in the terminal of whatever serves that port. **Shape** its command. */
  async stop(port: string): Promise<string> {
    const { command, program } = this.#running.get(port)!
    this.#running.delete(port)
    await program.end()
    return command
  }

  async stopAll(): Promise<void> {
    for (const port of this.#running.keys()) await this.stop(port)
  }

  #write(file: string, text: string): void {
    const target = path.join(this.#folder, file)
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, this.#onFreePorts(text))
  }

  #onFreePorts(text: string): string {
    return text.replaceAll(/\b(5173|4173|4800)\b/g, (port) => this.#ports.get(port)!)
  }

  /** What `npx` starts: the command of an installed package. **Fails with** `Error` where it would download something else. */
  #installed([command = '', ...args]: ReadonlyArray<string>): ReadonlyArray<string> {
    const modules = path.join(this.#folder, 'node_modules')
    const { dependencies = {}, devDependencies = {} } = readManifest(this.#folder)
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      const { bin = {} } = readManifest(path.join(modules, name))
      const scripts = typeof bin === 'string' ? { [name]: bin } : bin
      if (scripts[command] !== undefined) return [path.join(modules, name, scripts[command]), ...args]
    }
    throw new Error(`no package that was installed has a command ${command}`)
  }
}

const words = (command: string): ReadonlyArray<string> => command.trim().split(/\s+/)
