/** One run in a process of its own: `run.ts WORKLOAD SIDE` does it once and prints its measurement as the last line. */
import { workloadNamed } from './Workloads.ts'

const [name = '', sideName = ''] = process.argv.slice(2)
const side = workloadNamed(name)?.sides.find((candidate) => candidate.name === sideName)
if (side === undefined) throw new RangeError(`no side "${sideName}" of a workload "${name}"`)
const measurement = await side.run()
process.stdout.write(`${JSON.stringify(measurement)}\n`)
