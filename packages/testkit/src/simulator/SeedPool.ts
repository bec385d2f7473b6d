/** Seeds on several threads. What a seed does depends on nothing but its number. */
import { Worker } from 'node:worker_threads'
import { loadWasmSqlite } from '@headwater/sqlite-wasm'
import { runSeed, type SeedFigures, type SeedResult } from './runSeed.ts'

export type SeedReport = Omit<SeedResult, 'trace'>

/** A thread ends after so many: opening files through a VFS costs the module some hundred bytes each time, for good. */
const seedsPerThread = 400

/** Calls `onReport` for each of the seeds, in the order in which they end. */
export const runSeeds = async (
  seeds: ReadonlyArray<number>,
  jobs: number,
  onReport: (report: SeedReport) => void,
): Promise<void> => {
  if (jobs === 1) {
    const sqlite = await loadWasmSqlite()
    for (const seed of seeds) onReport(await runSeed(seed, sqlite))
    return
  }
  let next = 0
  /** One thread, until it is used up. */
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./SeedWorker.ts', import.meta.url))
      let left = seedsPerThread
      const feed = (): void => {
        const seed = left-- > 0 ? seeds[next++] : undefined
        if (seed !== undefined) return worker.postMessage(seed)
        void worker.terminate().then(() => resolve())
      }
      worker.on('message', (report: SeedReport) => {
        onReport(report)
        feed()
      })
      worker.on('error', reject)
      feed()
    })
  const workOn = async (): Promise<void> => {
    while (next < seeds.length) await work()
  }
  await Promise.all(Array.from({ length: Math.min(jobs, seeds.length) }, workOn))
}

export const addFigures = (total: SeedFigures, each: SeedFigures): SeedFigures =>
  Object.fromEntries(
    Object.entries(total).map(([name, value]) => [name, value + each[name as keyof SeedFigures]]),
  ) as unknown as SeedFigures

export const noFigures: SeedFigures = {
  events: 0,
  crashes: 0,
  powerLosses: 0,
  takeOvers: 0,
  rebases: 0,
  rejected: 0,
  skipped: 0,
  diskFaults: 0,
  networkFaults: 0,
  historyChanges: 0,
  tasks: 0,
}
