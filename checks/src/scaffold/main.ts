/**
 * `pnpm check:scaffold`: `npm create headwater` for every template, from a registry of this run, and what its user does
 * next: install, tests, types, start it, use it.
 */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { fetchNodes } from '../release/NodeReleases.ts'
import { withRegistry } from '../release/LocalRegistry.ts'
import { buildWorkspace, packAll } from '../release/PackedPackage.ts'
import { type CommandFailed, run } from '../workspace/Command.ts'
import { makeRunFolder, makeSubfolder } from '../workspace/RunFolder.ts'
import { checkBackend } from './BackendCheck.ts'
import { mustBe } from './Expectation.ts'
import { checkNodeService } from './NodeServiceCheck.ts'
import { checkReactWeb } from './ReactWebCheck.ts'
import { ScaffoldedProject } from './ScaffoldedProject.ts'

const checks: Readonly<Record<string, (project: ScaffoldedProject) => Promise<ReadonlyArray<string>>>> = {
  backend: checkBackend,
  'node-service': checkNodeService,
  'react-web': checkReactWeb,
}

/** The last of the line before the lowest that is promised. */
const oldNode = '20.19.0'

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const folder = makeRunFolder('scaffold')
const started = performance.now()
let problems = 0

const attempt = async (name: string, body: () => Promise<ReadonlyArray<string>>): Promise<void> => {
  try {
    say(`${name}: ${(await body()).join('; ')}`)
  } catch (error) {
    problems += 1
    say(`PROBLEM ${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** A Node of another line, really: not a number that was changed. */
const checkOldNode = async (program: string, registry: string): Promise<ReadonlyArray<string>> => {
  const nodes = await fetchNodes(makeSubfolder(folder, 'nodes'), registry, [oldNode])
  const said = await run(nodes.get(oldNode)!, [program, 'app', '--template', 'backend'], { cwd: folder }).then(
    () => '',
    (error: CommandFailed) => error.output,
  )
  mustBe(said.startsWith('create-headwater needs Node '), `Node ${oldNode} says: ${said}`)
  return [`Node ${oldNode} is told in one line`]
}

await buildWorkspace()
const packages = await packAll(makeSubfolder(folder, 'packed'))
await withRegistry(makeSubfolder(folder, 'registry'), packages, async (registry) => {
  const projects = makeSubfolder(folder, 'projects')
  const creator = packages.find(({ manifest }) => manifest.name === 'create-headwater')!
  for (const template of readdirSync(path.join(creator.folder, 'dist/templates'))) {
    await attempt(template, async () => {
      const check = checks[template]
      mustBe(check !== undefined, 'nothing here checks this template')
      return await check(await ScaffoldedProject.create(template, projects, registry.url))
    })
  }
  await attempt('old Node', () => checkOldNode(path.join(creator.folder, 'dist/main.js'), registry.url))
})

const seconds = ((performance.now() - started) / 1000).toFixed(0)
say(`PROOF scaffold_templates=${Object.keys(checks).length} problems=${problems} seconds=${seconds}`)
process.exitCode = problems === 0 ? 0 : 1
