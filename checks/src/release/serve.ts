/**
 * `pnpm release:serve`: builds and packs the packages, and has them in a registry on this machine until Ctrl-C, so that anybody
 * can install and use what a clone has, as if it were published. Everything else it passes on. `--port 4873`; `--built` takes
 * what was built before.
 */
import { parseArgs } from 'node:util'
import { makeRunFolder, makeSubfolder } from '../workspace/RunFolder.ts'
import { withRegistry } from './LocalRegistry.ts'
import { buildWorkspace, packAll } from './PackedPackage.ts'

const { values } = parseArgs({
  options: { port: { type: 'string', default: '4873' }, built: { type: 'boolean' } },
})
const port = Number(values.port)
if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port takes a port, not "${values.port}"`)

const say = (text: string): void => void process.stdout.write(`${text}\n`)

if (values.built !== true) {
  say('building …')
  await buildWorkspace()
}
const folder = makeRunFolder('serve')
say('packing …')
const packages = await packAll(makeSubfolder(folder, 'packed'))
const serve = async ({ url }: { readonly url: string }): Promise<void> => {
  say(`\n${packages.length} packages are at ${url} until Ctrl-C. In another terminal:\n`)
  say(`  export npm_config_registry=${url}`)
  say('  npm create headwater my-app -- --template react-web --install')
  say('\nor follow docs/tutorial.md there.')
  // `makeRunFolder` ends the process with Ctrl-C, and takes the folder away.
  await new Promise(() => undefined)
}
await withRegistry(makeSubfolder(folder, 'registry'), packages, serve, port)
