/** Astro's own command, in this package, without its telemetry. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import path from 'node:path'
import { readManifest } from '@headwater/checks/workspace/Workspace'

export const siteFolder: string = path.resolve(import.meta.dirname, '../..')

/** Runs it to its end; it says what it says. **Fails with** an error that names its exit code. */
export const astro = async (args: ReadonlyArray<string>): Promise<void> => {
  const home = path.dirname(createRequire(import.meta.url).resolve('astro/package.json'))
  const { bin } = readManifest(home)
  const script = typeof bin === 'string' ? bin : bin!['astro']!
  const child = spawn(process.execPath, [path.join(home, script), ...args], {
    cwd: siteFolder,
    stdio: 'inherit',
    env: { ...process.env, ASTRO_TELEMETRY_DISABLED: '1' },
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`astro ${args.join(' ')} ended with ${code}`)
}
