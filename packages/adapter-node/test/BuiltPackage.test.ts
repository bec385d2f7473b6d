/** The package as it is published: `dist`, the exports of `publishConfig`, the worker in one file. */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { bundleWorker } from '../scripts/bundleWorker.mjs'
import { temporaryFolder } from './Folder.ts'

const packages = fileURLToPath(new URL('../..', import.meta.url))
const isBuilt = ['core', 'adapter-node'].every((name) => existsSync(join(packages, name, 'dist/index.js')))

/** A copy as npm would install it. */
const install = (folder: string, name: string): string => {
  const target = join(folder, 'node_modules/@headwater', name)
  mkdirSync(target, { recursive: true })
  const { publishConfig, ...manifest } = JSON.parse(
    readFileSync(join(packages, name, 'package.json'), 'utf8'),
  ) as Record<string, object>
  writeFileSync(join(target, 'package.json'), JSON.stringify({ ...manifest, ...publishConfig }))
  cpSync(join(packages, name, 'dist'), join(target, 'dist'), {
    recursive: true,
    filter: (path) => !path.endsWith('.tsbuildinfo'),
  })
  return target
}

const app = `
import { createStore, defineEvent, defineSchema, table, column, Schema } from '@headwater/core'
import { nodeAdapter } from '@headwater/adapter-node'
const todos = table('todos', { id: column.text().primaryKey() })
const created = defineEvent('created', Schema.Struct({ id: Schema.String }))
const schema = defineSchema({ version: 1, tables: { todos }, events: { created }, materializers: { created: ({ id }) => todos.insert({ id }) } })
const open = () => createStore({ schema, storeId: 'demo', adapter: nodeAdapter({ directory: process.argv[2] }) })
const times = []
for (let i = 0; i < 5; i++) {
  const startedAt = performance.now()
  const store = await open()
  times.push(performance.now() - startedAt)
  await store.commit(created({ id: String(i) })).persisted
  if (store.query(todos.count()) !== i + 1) throw new Error('lost')
  await store.close()
}
console.log(JSON.stringify({ first: times[0], median: times.toSorted((a, b) => a - b)[2] }))
`

test.skipIf(!isBuilt)(
  'works from dist, and its bundled worker starts faster than the unbundled one',
  { timeout: 30_000 },
  async () => {
    const folder = temporaryFolder()
    install(folder, 'core')
    const target = install(folder, 'adapter-node')
    for (const name of ['effect', 'better-sqlite3']) {
      symlinkSync(realpathSync(join(packages, 'adapter-node/node_modules', name)), join(folder, 'node_modules', name))
    }
    writeFileSync(join(folder, 'app.mjs'), app)
    const run = (name: string) =>
      JSON.parse(
        execFileSync(process.execPath, ['app.mjs', join(folder, name)], { cwd: folder, encoding: 'utf8' }),
      ) as { readonly first: number; readonly median: number }
    const unbundled = run('unbundled')
    const worker = join(target, 'dist/LeaderWorker.js')
    await bundleWorker(worker)
    expect(readFileSync(worker, 'utf8')).not.toContain("from '@headwater/core")
    const bundled = run('bundled')
    const ms = (n: number): string => n.toFixed(0)
    process.stdout.write(
      `PROOF open_store_ms=${ms(bundled.median)} open_store_unbundled_ms=${ms(unbundled.median)} worker_kb=${ms(statSync(worker).size / 1024)}\n`,
    )
  },
)
