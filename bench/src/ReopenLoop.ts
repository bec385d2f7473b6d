import { makeReopenFiles } from './ReopenFiles.ts'
import { withScratchFolder } from './ScratchFolder.ts'
import { type Reopen, openCopy } from './StateCopy.ts'
import { median } from './Statistics.ts'
import type { Measurement } from './Workload.ts'

const lengths = [1_000, 20_000, 100_000] as const
const names = ['1k', '20k', '100k'] as const
const warmUps = 1
const times = 3

/** What starting a worker may cost beside; the target says so. */
export const workerStartMs = 100

interface Opened {
  readonly ms: number
  readonly checksum: string
}

const openOnce = async (reopen: Reopen, folder: string): Promise<Opened> => {
  const start = performance.now()
  const store = await reopen(folder)
  const count = store.count()
  const ms = performance.now() - start
  if (count <= 0) throw new Error('the store is empty')
  const checksum = store.checksum()
  await store.close()
  return { ms, checksum }
}

/**
 * Opens stores with the same rows and logs of growing length, in turns.
 *
 * **Shape** figures `<length>` (ms, median), `copy` (ms: the state file into memory and nothing else), `overhead` (× of
 * `copy`, beyond {@link workerStartMs}), `growth` (×: longest over shortest log).
 */
export const measureReopen = (reopen: Reopen): Promise<Measurement> =>
  withScratchFolder(async (folder) => {
    const folders = await makeReopenFiles(folder, lengths)
    const opened: Array<ReadonlyArray<Opened>> = []
    const copies: Array<number> = []
    for (let time = 0; time < warmUps + times; time++) {
      const turn: Array<Opened> = []
      for (const of of folders) turn.push(await openOnce(reopen, of))
      const copied = await openOnce(openCopy, folders[0]!)
      if (time < warmUps) continue
      opened.push(turn)
      copies.push(copied.ms)
    }
    const checksums = new Set(opened.flat().map(({ checksum }) => checksum))
    if (checksums.size !== 1) throw new Error(`the stores differ: ${[...checksums].join(', ')}`)
    const medians = lengths.map((_, i) => median(opened.map((turn) => turn[i]!.ms)))
    const copy = median(copies)
    return {
      figures: {
        ...Object.fromEntries(names.map((name, i) => [name, medians[i]!])),
        copy,
        overhead: Math.max(0, medians[2]! - workerStartMs) / copy,
        growth: median(opened.map((turn) => turn[2]!.ms / turn[0]!.ms)),
      },
      checksum: [...checksums].join(),
    }
  })

const openTimes = 5

/** Opens a store again and again whose events nobody has confirmed. **Shape** figure `ready` (ms, median). */
export const measureUnsynced = (makeFiles: (folder: string) => Promise<void>, reopen: Reopen): Promise<Measurement> =>
  withScratchFolder(async (folder) => {
    await makeFiles(folder)
    const opened: Array<Opened> = []
    for (let time = 0; time < warmUps + openTimes; time++) opened.push(await openOnce(reopen, folder))
    return { figures: { ready: median(opened.slice(warmUps).map(({ ms }) => ms)) }, checksum: opened[0]!.checksum }
  })

/** Opens a store again and again that another session of the same client has open. **Shape** figure `ready` (ms, median). */
export const measureSecond = (open: Reopen): Promise<Measurement> =>
  withScratchFolder(async (parent) => {
    const [folder = ''] = await makeReopenFiles(parent, [lengths[0]])
    const first = await open(folder)
    const opened: Array<Opened> = []
    for (let time = 0; time < warmUps + openTimes; time++) opened.push(await openOnce(open, folder))
    await first.close()
    return { figures: { ready: median(opened.slice(warmUps).map(({ ms }) => ms)) }, checksum: opened[0]!.checksum }
  })
