import type { DeviceKind, FaultDuration } from './AnomalyDevice.ts'
import type { AnomalyChoices, AnomalyOptions } from './AnomalyOptions.ts'
import { AnomalyViolation, runPoint } from './AnomalyRun.ts'
import { fileAnomalies, runFileAnomaly } from './FileAnomalies.ts'
import { nodeDevice } from './NodeDevice.ts'
import { wasmDevice } from './WasmDevice.ts'
import { writePaths } from './WritePaths.ts'

export const deviceKinds: ReadonlyArray<DeviceKind> = [wasmDevice, nodeDevice]

/** What the flags may name. */
export const anomalyChoices: AnomalyChoices = {
  drivers: deviceKinds.map(({ name }) => name),
  paths: [...Object.keys(writePaths), ...Object.keys(fileAnomalies)],
  faults: [...new Set(deviceKinds.flatMap(({ faults }) => Object.keys(faults)))],
}

/** One loop of the check: one path under one fault, or what is done to real files. */
export interface AnomalyTask {
  readonly driver: string
  readonly path: string
  /** `null` for real files: they have no operations to fail. */
  readonly fault: { readonly name: string; readonly duration: FaultDuration } | null
  /** This operation only; `null` for each until the path comes through untouched. */
  readonly only: number | null
}

export interface LoopResult {
  /** Fault points that held. */
  readonly held: number
  /** Every how many operations one was failed behind the first {@link denseMax}; 1: none was left out. */
  readonly step: number
  readonly violations: ReadonlyArray<string>
}

/** A path that fails everywhere says so once; each failing point may take as long as patience lasts. */
const violationsMax = 3
/** Up to here every operation fails in turn: more than any path has now, so nothing is left out. */
const denseMax = 1000
/** Behind it one of so many, which the output says. */
const sampleStep = 7
/** No path is nearly that long: something adds work each time. */
const pointsMax = 20_000

/** In `--quick`: one fault of each duration, the two that differ most. */
const quickFaults: ReadonlySet<string> = new Set([
  'wasm io once',
  'wasm full lasting',
  'node io once',
  'node page-count lasting',
])

/** What the options ask for, in the order of the output. */
export const tasksOf = (options: AnomalyOptions): ReadonlyArray<AnomalyTask> => {
  const tasks: Array<AnomalyTask> = []
  const isPath = (path: string): boolean => options.path === null || options.path === path
  for (const { name: driver, faults } of deviceKinds) {
    if (options.driver !== null && options.driver !== driver) continue
    for (const path of Object.keys(writePaths).filter(isPath))
      for (const [name, durations] of Object.entries(faults))
        for (const duration of durations)
          if (isWanted(options, driver, name, duration))
            tasks.push({ driver, path, fault: { name, duration }, only: options.n })
  }
  const isAboutOperations = options.fault !== null || options.duration !== null || options.n !== null
  if (options.driver === 'wasm' || isAboutOperations) return tasks
  for (const path of Object.keys(fileAnomalies).filter(isPath))
    tasks.push({ driver: 'node', path, fault: null, only: null })
  return tasks
}

const isWanted = (options: AnomalyOptions, driver: string, fault: string, duration: FaultDuration): boolean => {
  if (options.fault !== null && options.fault !== fault) return false
  if (options.duration !== null && options.duration !== duration) return false
  return !options.isQuick || quickFaults.has(`${driver} ${fault} ${duration}`)
}

export const runTask = async (task: AnomalyTask): Promise<LoopResult> => {
  if (task.fault !== null) return await runLoop(task, task.fault)
  const { held, violations } = await runFileAnomaly(task.path)
  return { held, step: 1, violations }
}

const runLoop = async (
  { driver, path, only }: AnomalyTask,
  { name: fault, duration }: NonNullable<AnomalyTask['fault']>,
): Promise<LoopResult> => {
  const kind = deviceKinds.find(({ name }) => name === driver)!
  const violations: Array<string> = []
  let [held, step] = [0, 1]
  for (let n = only ?? 1; n <= pointsMax; n += step) {
    if (n > denseMax && only === null) step = sampleStep
    try {
      const where = await runPoint({ path: writePaths[path]!, kind, fault, duration, n })
      if (where === null) return { held, step, violations }
      held++
    } catch (error) {
      if (!(error instanceof AnomalyViolation)) throw error
      const flags = `--driver ${driver} --path ${path} --fault ${fault} --duration ${duration} --n ${n}`
      violations.push(`${error.message}\n    npx -y pnpm@12 check:anomalies ${flags}`)
    }
    if (only !== null || violations.length >= violationsMax) return { held, step, violations }
  }
  violations.push(`${path} does not come through after ${pointsMax} operations`)
  return { held, step, violations }
}
