/**
 * `pnpm check:fresh-app`: apps outside of the workspace, made as a user makes one: the packed packages installed by npm
 * from a registry of this run, no configuration of a bundler, used in a real Chromium. `--only vite` one of them.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { type Chromium, launchChromium, makeProfile } from '@headwater/testkit/browser'
import { freePort } from '@headwater/testkit/postgres'
import { withRegistry } from '../release/LocalRegistry.ts'
import { buildWorkspace, packAll, type PackedPackage } from '../release/PackedPackage.ts'
import { runNode } from '../workspace/Command.ts'
import { npmScript } from '../workspace/PackageManagers.ts'
import { makeRunFolder, makeSubfolder } from '../workspace/RunFolder.ts'
import { useApp } from './AppUse.ts'
import { type FreshApp, freshApps } from './FreshApps.ts'
import { serveByCommand } from './ServedApp.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const chosen = freshApps.filter(({ name }) => values.only === undefined || values.only === name)
if (chosen.length === 0) throw new Error(`--only takes one of ${freshApps.map(({ name }) => name).join(', ')}`)

const folder = makeRunFolder('fresh-app')

/** An empty folder, the app's files, and `npm install`. **Shape**  the folder. */
const makeApp = async (app: FreshApp, packages: ReadonlyArray<PackedPackage>, registry: string): Promise<string> => {
  const home = makeSubfolder(folder, app.name)
  cpSync(path.join(import.meta.dirname, 'apps', app.name), home, { recursive: true })
  const versions = app.ours.map((name) => [
    name,
    packages.find(({ manifest }) => manifest.name === name)!.manifest.version,
  ])
  const manifest = {
    name: 'app',
    private: true,
    type: 'module',
    dependencies: { ...Object.fromEntries(versions), ...app.others },
  }
  writeFileSync(path.join(home, 'package.json'), JSON.stringify(manifest))
  writeFileSync(path.join(home, '.npmrc'), `registry=${registry}\ncache=${folder}/npm-cache\nstrict-peer-deps=true\n`)
  await runNode([npmScript(), 'install', '--no-audit', '--no-fund'], { cwd: home })
  return home
}

/** The sync server of the app's own packages, with an empty log, on a port that the app is told. */
const startSync = async (home: string, way: string): Promise<() => Promise<unknown>> => {
  const port = String(await freePort())
  const script = path.join(home, 'main.ts')
  writeFileSync(script, readFileSync(script, 'utf8').replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`))
  const command = path.join(home, 'node_modules/@headwater/server/dist/main.js')
  const flags = ['--data', `./data-${way.replaceAll(' ', '-')}`, '--port', port, '--cors', '*']
  return (await serveByCommand(home, [command, ...flags])).stop
}

const checkApp = async (app: FreshApp, home: string, chromium: Chromium): Promise<void> => {
  for (const [way, serve] of Object.entries(app.serve)) {
    const stopSync = app.isSynced ? await startSync(home, way) : async () => undefined
    const served = await serve(home)
    try {
      await useApp(chromium.browser, served.url, app.isSynced)
      say(`${way}: works, in two tabs, over reloads${app.isSynced ? ', synced to another browser' : ''}`)
    } finally {
      await served.stop()
      await stopSync()
    }
  }
}

const started = performance.now()
await buildWorkspace()
const packages = await packAll(makeSubfolder(folder, 'packed'))
const profile = makeProfile()
const chromium = await launchChromium(profile.path)
try {
  await withRegistry(makeSubfolder(folder, 'registry'), packages, async ({ url }) => {
    for (const app of chosen) await checkApp(app, await makeApp(app, packages, url), chromium)
  })
} finally {
  await chromium.close()
  profile.remove()
}
const ways = chosen.reduce((sum, { serve }) => sum + Object.keys(serve).length, 0)
say(`PROOF fresh_apps=${chosen.length} ways=${ways} seconds=${((performance.now() - started) / 1000).toFixed(0)}`)
