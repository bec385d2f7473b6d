import type { DeviceKind, FaultDuration } from './AnomalyDevice.ts'
import type { AnomalyOptions } from './AnomalyOptions.ts'
import { AnomalyViolation, runPoint } from './AnomalyRun.ts'
import { writePaths } from './WritePaths.ts'

export interface AnomalyRow {
  readonly driver: string
  readonly path: string
  /** Fault points that held, by fault and duration, e.g. `io once`. */
  readonly points: ReadonlyMap<string, number>
  readonly violations: ReadonlyArray<string>
}

/** A path that fails everywhere says so once; each failing point may take as long as patience lasts. */
const violationsMax = 3
/** No path is nearly that long: something adds work each time. */
const pointsMax = 5000

/** In `--quick`: one fault of each duration, the two that differ most. */
const quickFaults: ReadonlySet<string> = new Set([
  'wasm io once',
  'wasm full lasting',
  'node io once',
  'node page-count lasting',
])

/** Fails each operation of each write path in turn. */
export const runLoops = async function* (
  kind: DeviceKind,
  options: AnomalyOptions,
): AsyncGenerator<AnomalyRow, void, void> {
  for (const path of Object.keys(writePaths)) {
    if (options.path !== null && options.path !== path) continue
    const points = new Map<string, number>()
    const violations: Array<string> = []
    for (const [fault, durations] of Object.entries(kind.faults))
      for (const duration of durations) {
        const name = `${fault} ${duration}`
        if (!isWanted(options, kind.name, fault, duration)) continue
        points.set(name, await runLoop({ kind, path, fault, duration, only: options.n, violations }))
      }
    yield { driver: kind.name, path, points, violations }
  }
}

const isWanted = (options: AnomalyOptions, driver: string, fault: string, duration: FaultDuration): boolean => {
  if (options.fault !== null && options.fault !== fault) return false
  if (options.duration !== null && options.duration !== duration) return false
  return !options.isQuick || quickFaults.has(`${driver} ${fault} ${duration}`)
}

interface Loop {
  readonly kind: DeviceKind
  readonly path: string
  readonly fault: string
  readonly duration: FaultDuration
  /** This operation only; `null` for each until the path comes through untouched. */
  readonly only: number | null
  readonly violations: Array<string>
}

/** **Shape** how many points held. */
const runLoop = async ({ kind, path, fault, duration, only, violations }: Loop): Promise<number> => {
  const before = violations.length
  let held = 0
  for (let n = only ?? 1; n <= pointsMax; n++) {
    try {
      const where = await runPoint({ path: writePaths[path]!, kind, fault, duration, n })
      if (where === null) return held
      held++
    } catch (error) {
      if (!(error instanceof AnomalyViolation)) throw error
      const flags = `--driver ${kind.name} --path ${path} --fault ${fault} --duration ${duration} --n ${n}`
      violations.push(`${error.message}\n    npx -y pnpm@12 check:anomalies ${flags}`)
    }
    if (only !== null || violations.length - before >= violationsMax) return held
  }
  violations.push(`${path} does not come through after ${pointsMax} points`)
  return held
}
