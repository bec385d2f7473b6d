import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium } from 'playwright-core'

/** A real Chromium in processes of its own, which can be killed. */
export interface Chromium {
  readonly browser: Browser
  /** The one whose storage is in the profile; `browser.newContext()` makes others, which are private windows. */
  readonly context: BrowserContext
  /** SIGKILL to every process of it, at once. */
  readonly kill: () => Promise<void>
  readonly close: () => Promise<void>
}

/** The one that is named, the machine's, or the one of the npm package. */
const executable = (): string | Promise<string> => {
  const named = process.env['HEADWATER_CHROMIUM']
  if (named !== undefined && named !== '') return named
  return existsSync('/usr/bin/chromium') ? '/usr/bin/chromium' : unpacked()
}

/**
 * The package unpacks into the system's temporary folder, and takes any file by that name for a whole one. Test files run
 * side by side: each unpacks into a folder of its own, and the first that is done gives it the name that all look for.
 */
const unpacked = async (): Promise<string> => {
  const folder = join(tmpdir(), 'headwater-chromium-153')
  const path = join(folder, 'chromium')
  if (existsSync(path)) return path
  const own = mkdtempSync(`${folder}-`)
  const { TMPDIR } = process.env
  process.env['TMPDIR'] = own
  try {
    const { default: packaged } = await import('@sparticuz/chromium')
    await packaged.executablePath()
  } finally {
    if (TMPDIR === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = TMPDIR
  }
  try {
    renameSync(own, folder)
  } catch {
    rmSync(own, { recursive: true })
  }
  return path
}

/** Playwright's own list would disable the back/forward cache, and the package's one makes it a single process. */
const flags: ReadonlyArray<string> = [
  '--headless',
  '--no-sandbox',
  '--no-first-run',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--mute-audio',
  '--remote-debugging-port=0',
]

/** A folder for a profile, which outlives the browsers that use it. */
export interface BrowserProfile {
  readonly path: string
  readonly remove: () => void
}

/** Makes an empty one in the system's temporary folder. */
export const makeProfile = (): BrowserProfile => {
  const path = mkdtempSync(join(tmpdir(), 'headwater-profile-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }) }
}

/** Starts a browser on a profile; `moreFlags` e.g. to switch a feature off. */
export const launchChromium = async (profile: string, moreFlags: ReadonlyArray<string> = []): Promise<Chromium> => {
  const child = spawn(await executable(), [...flags, ...moreFlags, `--user-data-dir=${profile}`, 'about:blank'], {
    // A process group of its own: a kill reaches all of its processes.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    const endpoint = await endpointOf(child)
    const browser = await chromium.connectOverCDP(endpoint)
    return {
      browser,
      context: browser.contexts()[0]!,
      kill: () => kill(child),
      close: async () => {
        await browser.close()
        await kill(child)
      },
    }
  } catch (error) {
    await kill(child)
    throw error
  }
}

/** The address that Chromium prints when it is ready. */
const endpointOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const endpoint = /DevTools listening on (\S+)\s/.exec(said)?.[1]
      if (endpoint === undefined) return
      resolve(endpoint)
      child.stderr!.removeAllListeners('data').resume()
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`Chromium ended with code ${code}: ${said.slice(-2000)}`)))
  })

const kill = async (child: ChildProcess): Promise<void> => {
  const hasEnded = child.exitCode !== null || child.signalCode !== null
  const ended = hasEnded ? Promise.resolve() : once(child, 'exit')
  try {
    process.kill(-child.pid!, 'SIGKILL')
  } catch {
    // Nobody is left of the group.
  }
  await ended
}
