/** Commands that pages show: whether the scripts, programs, packages, files and flags in them exist. Nothing is run here. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { publishedPackages, readManifest, workspaceRoot } from '../workspace/Workspace.ts'
import { type CodeBlock, placeOf } from './CodeBlock.ts'

/** What pnpm does itself. */
const pnpmCommands = new Set(['install', 'exec', 'add', 'dlx', 'create'])

/** **Shape**  one line for each command that names something that is not there. */
export const shellProblems = (blocks: ReadonlyArray<CodeBlock>): ReadonlyArray<string> =>
  blocks
    .filter(({ language }) => ['sh', 'bash', 'console'].includes(language))
    .flatMap((block) =>
      commandsOf(block).flatMap((words) => problemsOf(words).map((each) => `${placeOf(block)}: ${each}`)),
    )

/** **Shape**  words of each command. In a `console` block commands stand behind `$`, the rest is what they answer. */
const commandsOf = ({ language, code }: CodeBlock): ReadonlyArray<ReadonlyArray<string>> =>
  code
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => language !== 'console' || line.startsWith('$ '))
    .flatMap((line) =>
      line
        .replace(/^\$ /, '')
        .replace(/(^|\s)#.*$/, '')
        .split(/ && | \|\|? |; /),
    )
    .map((command) => (command.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll(/^['"]|['"]$/g, '')))
    .map((words) => words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word))))
    .filter((words) => words.length > 0)

const problemsOf = ([program = '', ...args]: ReadonlyArray<string>): ReadonlyArray<string> => {
  const pnpm = args.findIndex((arg) => arg.startsWith('pnpm@'))
  if (program === 'npx' && pnpm !== -1) return pnpmProblems(args.slice(pnpm + 1))
  if (program === 'pnpm') return pnpmProblems(args)
  if (program === 'npx') return binProblems(args.filter((arg) => arg !== '-y'))
  if (program === 'node') return nodeProblems(args)
  if (program === 'npm') return npmProblems(args)
  return bins().has(program) ? binProblems([program, ...args]) : []
}

const pnpmProblems = ([script = '', ...args]: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (script.startsWith('-') || pnpmCommands.has(script)) return []
  const command = readManifest(workspaceRoot).scripts?.[script]
  if (command === undefined) return [`there is no script ${script}`]
  const file = /node (\S+\.ts)/.exec(command)?.[1]
  return file === undefined ? [] : flagProblems(script, path.dirname(file), args)
}

const nodeProblems = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const file = args.find((arg) => /^(packages|checks|bench|demo|examples|apps)\//.test(arg))
  if (file === undefined) return []
  if (!existsSync(path.join(workspaceRoot, file.replace('/dist/', '/src/').replace(/\.js$/, '.ts'))))
    return [`there is no ${file}`]
  return flagProblems(file, path.dirname(file.replace('/dist/', '/src/')), args.slice(args.indexOf(file) + 1))
}

const npmProblems = ([command = '', ...args]: ReadonlyArray<string>): ReadonlyArray<string> => {
  const names = args.filter((arg) => !arg.startsWith('-'))
  if (['install', 'i', 'add'].includes(command)) return names.flatMap(packageProblems)
  if (command !== 'create' && command !== 'init') return []
  if (names[0] !== 'headwater') return []
  return flagProblems('create headwater', 'packages/create-headwater/src', args)
}

/** `-p @headwater/server headwater-server --data ./data`. */
const binProblems = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const at = args.indexOf('-p')
  const [program = '', ...rest] = at === -1 ? args : args.toSpliced(at, 2)
  const folder = bins().get(program)
  if (folder === undefined) return at === -1 ? [] : [`no package has the command ${program}`]
  const named = at === -1 ? [] : packageProblems(args[at + 1] ?? '')
  return [...named, ...flagProblems(program, `${folder}/src`, rest)]
}

/** Commands of the published packages. **Shape**  the package's folder from the root, by command. */
const bins = (): ReadonlyMap<string, string> =>
  new Map(
    publishedPackages().flatMap(({ manifest: { bin = {}, name }, folder }) =>
      (typeof bin === 'string' ? [name] : Object.keys(bin)).map(
        (each) => [each, path.relative(workspaceRoot, folder)] as const,
      ),
    ),
  )

const packageProblems = (word: string): ReadonlyArray<string> => {
  const name = word.replace(/(?<=.)@[^/]*$/, '')
  const isOurs = publishedPackages().some(({ manifest }) => manifest.name === name)
  if (isOurs || !/^[@a-z]/.test(name)) return []
  const lock = readFileSync(path.join(workspaceRoot, 'pnpm-lock.yaml'), 'utf8')
  return !name.startsWith('@headwater/') && lock.includes(`\n  ${name.startsWith('@') ? `'${name}` : name}@`)
    ? []
    : [`there is no package ${name}`]
}

/** A flag exists if the program's source has it as an option, or as a word. */
const flagProblems = (program: string, folder: string, args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const flags = args.flatMap((arg) => /^--([a-z][a-z-]*)/.exec(arg)?.[1] ?? [])
  if (flags.length === 0) return []
  const source = globSync(`${folder}/**/*.ts`, { cwd: workspaceRoot })
    .map((file) => readFileSync(path.join(workspaceRoot, file), 'utf8'))
    .join('\n')
  return flags
    .filter((flag) => !new RegExp(`(\\b|')${flag}'?: |--${flag}\\b|'${flag}'`).test(source))
    .map((flag) => `${program} has no flag --${flag}`)
}
