import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Measurement } from './Workload.ts'

/** Runs `use` with an empty folder on a real disk, and removes it afterwards. */
export const withScratchFolder = async <A>(use: (folder: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(path.join(process.env['HEADWATER_BENCH_DIR'] ?? tmpdir(), 'headwater-bench-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Measures a store whose files are in an empty folder, which goes with it. */
export const inScratchFolder = <Store>(
  measure: (open: () => Promise<Store>) => Promise<Measurement>,
  open: (folder: string) => Promise<Store>,
): Promise<Measurement> => withScratchFolder((folder) => measure(() => open(folder)))
