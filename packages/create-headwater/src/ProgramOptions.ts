import { parseArgs } from 'node:util'
import { packageManagers } from './PackageManager.ts'
import { ScaffoldRefused } from './ScaffoldRefused.ts'

/** What the command line says; what it leaves open is asked for, or refused where nobody can answer. */
export interface ProgramOptions {
  readonly folder: string | undefined
  readonly template: string | undefined
  readonly name: string | undefined
  readonly packageManager: string | undefined
  /** `undefined`: not said. */
  readonly install: boolean | undefined
  /** Ask nothing; what has nothing usual has to be said. */
  readonly yes: boolean
  readonly help: boolean
  readonly version: boolean
}

export const programHelp = (templates: string): string => `npm create headwater [FOLDER] -- [options]

  --template NAME          ${templates}
  --name NAME              the package's name; the folder's if left out
  --install, --no-install  install its dependencies, or do not
  --package-manager NAME   ${packageManagers.join(', ')}; the one that runs this if left out
  --yes                    ask nothing
  --help, --version

Without FOLDER or --template it asks, if somebody is there to answer.`

/** **Fails with** `ScaffoldRefused` for what it does not know. */
export const readProgramOptions = (args: ReadonlyArray<string>): ProgramOptions => {
  const { values, positionals } = parse(args)
  if (positionals.length > 1) throw new ScaffoldRefused(`one folder at a time: ${positionals.join(', ')}`)
  return {
    folder: positionals[0],
    template: values.template,
    name: values.name,
    packageManager: values['package-manager'],
    install: values.install,
    yes: values.yes,
    help: values.help,
    version: values.version,
  }
}

const parse = (args: ReadonlyArray<string>) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      allowNegative: true,
      options: {
        template: { type: 'string', short: 't' },
        name: { type: 'string' },
        'package-manager': { type: 'string' },
        install: { type: 'boolean' },
        yes: { type: 'boolean', short: 'y', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    // Node's sentence says which option; its hint about positionals helps nobody here.
    const [sentence] = (error as Error).message.split(/\. |\n/)
    throw new ScaffoldRefused(`${sentence}; --help lists the options`, { cause: error })
  }
}
