/** `pnpm check:typetime`: how long the compiler takes over an app of 200 events and 50 tables, and whether that is in budget. */
import { run } from '../workspace/Command.ts'
import { pnpmCommand } from '../workspace/PackageManagers.ts'
import { workspaceRoot } from '../workspace/Workspace.ts'
import { appSize, countProblems, measureApp, timeProblems } from './TypeBudget.ts'
import type { TypeCost } from './TypeTime.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** The least of five is what the machine can do, whatever else it did meanwhile. */
const runs = 5

const row = (name: string, { instantiations, checkSeconds, totalSeconds }: TypeCost): string =>
  `${name.padEnd(44)}  ${String(instantiations).padStart(14)}  ${checkSeconds.toFixed(2).padStart(8)}  ${totalSeconds.toFixed(2).padStart(8)}`

// The declarations have to be those of the source.
const { program, args } = pnpmCommand()
await run(program, [...args, 'check:types'], { cwd: workspaceRoot })

const measured = await measureApp(runs)
const { tables, events } = appSize
say(`${'program'.padEnd(44)}  instantiations   check s   total s`)
say(row(`app, ${events} events, ${tables} tables`, measured.app))
say(row(`app, ${events / 2} events, ${tables / 2} tables`, measured.half))
say(row(`${events} plain schemas of Effect`, measured.plain))

const problems = [...countProblems(measured), ...timeProblems(measured)]
for (const problem of problems) say(`PROBLEM ${problem}`)
const { app, plain } = measured
const ratio = (app.checkSeconds / plain.checkSeconds).toFixed(1)
say(`PROOF typetime_check_seconds=${app.checkSeconds} instantiations=${app.instantiations} ratio=${ratio}`)
process.exitCode = problems.length === 0 ? 0 : 1
