import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder that goes with the test, after what the test itself cleans up. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-devtools-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
