import { readFileSync } from 'node:fs'
import path from 'node:path'
import { installDependencies, packageManagerNamed, runningPackageManager } from './PackageManager.ts'
import { checkPackageName, packageNameOf } from './PackageName.ts'
import { type ProgramOptions, programHelp, readProgramOptions } from './ProgramOptions.ts'
import { checkProjectFolder, shellPath } from './ProjectFolder.ts'
import { askFolder, askInstall, askTemplate } from './Questions.ts'
import { scaffold } from './Scaffold.ts'
import { ScaffoldRefused } from './ScaffoldRefused.ts'
import { type Template, readTemplates, templateNamed } from './Template.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Runs the command line. **Shape**  the exit code: 0, or 1 with one line on standard error. */
export const runProgram = async (args: ReadonlyArray<string>): Promise<number> => {
  try {
    await create(readProgramOptions(args))
    return 0
  } catch (error) {
    process.stderr.write(`create-headwater: ${lineOf(error)}\n`)
    return 1
  }
}

/** What the file system says names its file: `EACCES: permission denied, mkdir '…'`. */
const lineOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!

const create = async (options: ProgramOptions): Promise<void> => {
  if (options.version) return say(version())
  const templates = readTemplates()
  if (options.help) return say(programHelp(templates.map(({ name }) => name).join(', ')))
  const canAsk = !options.yes && process.stdin.isTTY && process.stdout.isTTY
  const missing = (what: string): never => {
    throw new ScaffoldRefused(`say ${what}: ${options.yes ? '--yes asks nothing' : 'nobody is there to be asked'}`)
  }
  // Everything that can be refused is refused before the first question.
  const named = options.template === undefined ? undefined : templateNamed(templates, options.template)
  if (options.folder !== undefined) checkProjectFolder(options.folder)
  if (options.name !== undefined) checkPackageName(options.name)
  const manager =
    options.packageManager === undefined
      ? runningPackageManager(process.env['npm_config_user_agent'])
      : packageManagerNamed(options.packageManager)

  const folder = options.folder ?? (canAsk ? await askFolder() : missing('a folder'))
  const template = named ?? (canAsk ? await askTemplate(templates) : missing(`--template ${namesOf(templates)}`))
  const install = options.install ?? (canAsk ? await askInstall(manager) : false)
  scaffold({ template, folder, name: options.name ?? packageNameOf(folder) })
  if (install) {
    say(`Installing with ${manager} …`)
    installDependencies(manager, folder)
  }
  sayNext(template, folder, manager, install)
}

const namesOf = (templates: ReadonlyArray<Template>): string => templates.map(({ name }) => name).join('|')

const sayNext = (template: Template, folder: string, manager: string, isInstalled: boolean): void => {
  const { scripts = {} } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    readonly scripts?: Readonly<Record<string, string>>
  }
  const start = 'dev' in scripts ? `${manager} run dev` : `${manager} test`
  say(`\n${template.name} is in ${folder}. Next:\n`)
  if (path.resolve(folder) !== process.cwd()) say(`  cd ${shellPath(folder)}`)
  if (!isInstalled) say(`  ${manager} install`)
  say(`  ${start}`)
}

const version = (): string => {
  const manifest = path.join(import.meta.dirname, '../package.json')
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version
}
