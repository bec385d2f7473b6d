/**
 * `check:anomalies`: the nth write, sync, truncate, open, delete, read or statement fails, on every write path, for every
 * n until the path comes through untouched. **Source** spec section 11, P9.
 */
import { anomalyChoices, type AnomalyTask, type LoopResult, tasksOf } from './AnomalyLoop.ts'
import { type AnomalyOptions, readOptions, WrongFlag } from './AnomalyOptions.ts'
import { runTasks } from './AnomalyPool.ts'

const fail = (message: string): never => {
  process.stderr.write(`check:anomalies: ${message}\n`)
  process.exit(2)
}

const optionsOrExit = (): AnomalyOptions => {
  try {
    return readOptions(process.argv.slice(2), anomalyChoices)
  } catch (error) {
    if (!(error instanceof WrongFlag)) throw error
    return fail(error.message)
  }
}

/** One line of the table: a path on a driver. */
interface Row {
  points: number
  violations: number
  isSampled: boolean
}

const options = optionsOrExit()
const tasks = tasksOf(options)
if (tasks.length === 0) fail('no such path with that driver and fault')
const rows = new Map<string, Row>()
const nameOf = ({ driver, path }: AnomalyTask): string => `${driver} ${path}`
for (const task of tasks) rows.set(nameOf(task), { points: 0, violations: 0, isSampled: false })

const show = (task: AnomalyTask, { held, step, violations }: LoopResult): void => {
  const row = rows.get(nameOf(task))!
  row.points += held
  row.violations += violations.length
  row.isSampled ||= step > 1
  const fault = task.fault === null ? '' : `, ${task.fault.name} ${task.fault.duration}`
  const sampled = step > 1 ? `, behind the first thousand one of ${step}` : ''
  process.stdout.write(`${nameOf(task)}${fault}: ${held}${sampled}\n`)
  for (const violation of violations) process.stdout.write(`  VIOLATION ${nameOf(task)}: ${violation}\n`)
}

const table = (): string => {
  const lines = Array.from(rows, ([name, row]) => {
    const [driver, path] = name.split(' ')
    return [driver!, path!, `${row.points}${row.isSampled ? ' (sampled)' : ''}`, `${row.violations}`]
  })
  const all = [['driver', 'write path', 'fault points', 'violations'], ...lines]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((line) => line[column]!.length)))
  return all.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')).join('\n')
}

const sum = (value: (row: Row) => number, driver = ''): number =>
  Array.from(rows).reduce((total, [name, row]) => total + (name.startsWith(driver) ? value(row) : 0), 0)

await runTasks(tasks, options.jobs, show)
const violations = sum((row) => row.violations)
const proof = {
  points: sum((row) => row.points),
  points_wasm: sum((row) => row.points, 'wasm'),
  points_node: sum((row) => row.points, 'node'),
  paths: rows.size,
  violations,
}
const figures = Object.entries(proof).map(([name, value]) => `anomalies_${name}=${value}`)
process.stdout.write(`\n${table()}\n\nPROOF ${figures.join(' ')}\n`)
process.exit(violations === 0 ? 0 : 1)
