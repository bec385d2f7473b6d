/**
 * `check:anomalies`: the nth write, sync, truncate, open, delete, read or statement fails, on every write path, for every
 * n until the path comes through untouched. **Source** spec section 11, P9.
 */
import type { AnomalyRow } from './AnomalyLoop.ts'
import { runLoops } from './AnomalyLoop.ts'
import { type AnomalyOptions, readOptions, WrongFlag } from './AnomalyOptions.ts'
import { fileAnomalies, runFileAnomaly } from './FileAnomalies.ts'
import { nodeDevice } from './NodeDevice.ts'
import { wasmDevice } from './WasmDevice.ts'
import { writePaths } from './WritePaths.ts'

const kinds = [wasmDevice, nodeDevice]

const optionsOrExit = (): AnomalyOptions => {
  try {
    return readOptions(process.argv.slice(2), {
      drivers: kinds.map(({ name }) => name),
      paths: [...Object.keys(writePaths), ...Object.keys(fileAnomalies)],
      faults: [...new Set(kinds.flatMap(({ faults }) => Object.keys(faults)))],
    })
  } catch (error) {
    if (!(error instanceof WrongFlag)) throw error
    process.stderr.write(`check:anomalies: ${error.message}\n`)
    process.exit(2)
  }
}

const rows = async function* (options: AnomalyOptions): AsyncGenerator<AnomalyRow, void, void> {
  for (const kind of kinds) if (options.driver === null || options.driver === kind.name) yield* runLoops(kind, options)
  if (options.driver === 'wasm' || options.fault !== null || options.n !== null) return
  for (const path of Object.keys(fileAnomalies))
    if (options.path === null || options.path === path) yield await runFileAnomaly(path)
}

const total = ({ points }: AnomalyRow): number => [...points.values()].reduce((sum, count) => sum + count, 0)

const show = (row: AnomalyRow): void => {
  const counts = [...row.points].map(([fault, count]) => `${fault}: ${count}`).join(', ')
  process.stdout.write(`${row.driver} ${row.path}: ${counts}\n`)
  for (const violation of row.violations) process.stdout.write(`  VIOLATION ${row.driver} ${row.path}: ${violation}\n`)
}

const table = (done: ReadonlyArray<AnomalyRow>): string => {
  const lines = done.map((row) => [row.driver, row.path, `${total(row)}`, `${row.violations.length}`])
  const all = [['driver', 'write path', 'fault points', 'violations'], ...lines]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((line) => line[column]!.length)))
  return all.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')).join('\n')
}

const options = optionsOrExit()
const done: Array<AnomalyRow> = []
for await (const row of rows(options)) {
  show(row)
  done.push(row)
}
if (done.length === 0) {
  process.stderr.write('check:anomalies: no such path with that driver\n')
  process.exit(2)
}
const points = done.reduce((sum, row) => sum + total(row), 0)
const violations = done.reduce((sum, row) => sum + row.violations.length, 0)
process.stdout.write(
  `\n${table(done)}\n\nPROOF anomalies_points=${points} anomalies_paths=${done.length} anomalies_violations=${violations}\n`,
)
process.exit(violations === 0 ? 0 : 1)
