/** `pnpm check:mutations`: does a suite fail for each of the faults that a sync engine dies of? */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mutationHelp, type MutationOptions, MutationUsage, readMutationOptions } from './MutationOptions.ts'
import { type MutationVerdict, runMutations } from './MutationRun.ts'
import { mutations as allMutations } from './Mutations.ts'
import { mutationPage, mutationTable, proofLine, verdictText } from './MutationTable.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const check = async ({ mutations, jobs, writeTo }: MutationOptions): Promise<number> => {
  const verdicts = await runMutations({
    mutations,
    jobs,
    onBaseline: (suites, red) => say(`${suites} suites without a fault: ${suites - red} green, ${red} not`),
    onVerdict: ({ mutation, outcome, seconds }) =>
      say(`${outcome._tag.padEnd(8)} ${mutation.name}: ${verdictText(outcome)} (${seconds.toFixed(1)} s)`),
  })
  say(`\n${mutationTable(verdicts)}\n`)
  say(proofLine(verdicts))
  if (writeTo !== undefined) writePage(writeTo, verdicts)
  return verdicts.every(({ outcome }) => outcome._tag === 'caught') ? 0 : 1
}

/** A page that is there keeps the rows of mutations that did not run. */
const writePage = (file: string, verdicts: ReadonlyArray<MutationVerdict>): void => {
  const present = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const names = allMutations.map(({ name }) => name)
  writeFileSync(file, mutationPage(verdicts, names, present))
}

const main = async (): Promise<number> => {
  try {
    const options = readMutationOptions(process.argv.slice(2))
    if (options.isHelp) say(mutationHelp())
    else if (options.isList) for (const { name, file } of options.mutations) say(`${name}  ${file}`)
    else return await check(options)
    return 0
  } catch (error) {
    if (!(error instanceof MutationUsage)) throw error
    process.stderr.write(`check:mutations: ${error.message}\n`)
    return 2
  }
}

// So that copies are removed and suites ended.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

process.exitCode = await main()
