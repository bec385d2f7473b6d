import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type * as adapterNode from '@headwater/adapter-node'
import { measureInstall } from '../InstalledPackages.ts'
import { npmInstall, npx } from '../Npx.ts'
import { withScratchFolder } from '../ScratchFolder.ts'
import { todoArgs } from '../TodoRows.ts'
import type * as todoStore from '../TodoStore.ts'
import type { Measurement } from '../Workload.ts'

const workspace = fileURLToPath(new URL('../../../', import.meta.url))
const published = ['core', 'adapter-node'] as const
/** The app that tries out what was installed: the one of every workload. */
const appFiles = ['TodoStore.ts', 'TodoRows.ts'] as const

/** Builds and packs what is published, installs it with npm into an empty folder, and runs an app there. */
export const measureHeadwaterInstall = (): Promise<Measurement> =>
  withScratchFolder(async (folder) => {
    must(npx(workspace, 'pnpm@12', 'build'))
    for (const name of published) {
      must(npx(path.join(workspace, 'packages', name), 'pnpm@12', 'pack', '--pack-destination', folder))
    }
    const effect = path.join(workspace, 'bench', 'node_modules', 'effect', 'package.json')
    const { version } = JSON.parse(readFileSync(effect, 'utf8')) as { readonly version: string }
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ dependencies: dependencies(folder, version) }))
    must(npmInstall(folder))
    return measureInstall(path.join(folder, 'node_modules'), await runApp(folder))
  })

const dependencies = (folder: string, effect: string): Readonly<Record<string, string>> => {
  const archives = readdirSync(folder).filter((file) => file.endsWith('.tgz'))
  const archiveOf = (name: string): string => `file:./${archives.find((file) => file.includes(`-${name}-`))}`
  return { ...Object.fromEntries(published.map((name) => [`@headwater/${name}`, archiveOf(name)])), effect }
}

const must = (trouble: string | undefined): void => {
  if (trouble !== undefined) throw new Error(trouble)
}

/** One commit on the packages as installed. Answers the checksum. */
const runApp = async (folder: string): Promise<string> => {
  for (const file of appFiles) cpSync(path.join(workspace, 'bench', 'src', file), path.join(folder, file))
  writeFileSync(path.join(folder, 'adapter.ts'), "export { memoryAdapter } from '@headwater/adapter-node'\n")
  const load = (file: string): Promise<unknown> => import(pathToFileURL(path.join(folder, file)).href)
  const { openTodoStore, todoCreated } = (await load('TodoStore.ts')) as typeof todoStore
  const { memoryAdapter } = (await load('adapter.ts')) as typeof adapterNode
  const { store, checksum } = await openTodoStore(memoryAdapter())
  store.commit(todoCreated(todoArgs(0)))
  const stored = checksum()
  await store.close()
  return stored
}
