/** What happens to real files between two openings of a store, and files that may not grow: better-sqlite3 only. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeAdapter, openBetterSqlite, openStoreFiles } from '@headwater/adapter-node'
import { createStore, type Store } from '@headwater/core'
import { FormatUnsupported } from '@headwater/core/adapter'
import { type MemoryBackend, memoryBackend } from '@headwater/testkit'
import { storeFiles } from '../../../packages/adapter-node/src/StoreFiles.ts'
import { schema, selected, todoCreated } from '../../../packages/adapter-node/test/Todos.ts'
import { checkFiles } from './AnomalyProof.ts'
import { mustBeTyped, within } from './AnomalyRun.ts'

const storeId = 'demo'

/** Runs one kind, and reports each thing that it does to files. */
type FileAnomaly = (report: (what: string, run: () => Promise<void>) => Promise<void>) => Promise<void>

/** A closed store in a folder of its own, with settled and pending events, and the backend that it speaks to. */
interface ClosedStore {
  readonly directory: string
  readonly backend: MemoryBackend
  readonly persisted: ReadonlySet<string>
  readonly confirmed: ReadonlySet<string>
}

const temporary = (): string => mkdtempSync(join(tmpdir(), 'headwater-files-'))

const open = (directory: string, backend: MemoryBackend): Promise<Store> =>
  createStore({
    schema,
    storeId,
    backend,
    adapter: nodeAdapter({ directory, leader: 'same-thread' }),
    log: () => undefined,
  })

const closedStore = async (): Promise<ClosedStore> => {
  const [directory, backend] = [temporary(), memoryBackend()]
  const store = await open(directory, backend)
  const settled = store.commit(todoCreated({ id: '1', text: 'settled' }), selected({ id: 'c', n: 1 }))
  await settled.confirmed
  backend.setOnline(false)
  const pending = store.commit(todoCreated({ id: '2', text: 'pending' }), selected({ id: 'd', n: 2 }))
  await pending.persisted
  await store.close()
  backend.setOnline(true)
  return {
    directory,
    backend,
    persisted: new Set([...settled.eventIds, ...pending.eventIds]),
    confirmed: new Set([settled.eventIds[0]!]),
  }
}

/** Opens, syncs, and checks that everything of `persisted` is there. */
const mustBeWhole = async (closed: ClosedStore, persisted: ReadonlySet<string>): Promise<void> => {
  const { directory, backend, confirmed } = closed
  const store = await within(open(directory, backend), 'opening')
  await within(
    store.until(({ isSynced }) => isSynced),
    'syncing',
  )
  const files = openStoreFiles({ directory, storeId })
  try {
    checkFiles({ ...files, store, persisted, confirmed, backend: backend.log(storeId) })
  } finally {
    files.close()
    await within(store.close(), 'closing')
  }
}

const garbage = (bytes: number): Uint8Array => new Uint8Array(bytes).map((_, i) => (i * 7919 + 13) % 251)

/** What can be done to a file. Each leaves something in its place, or nothing. */
const damages: Readonly<Record<string, (path: string) => void>> = {
  deleted: (path) => rmSync(path),
  emptied: (path) => truncateSync(path, 0),
  'cut in half': (path) => truncateSync(path, 8192),
  'cut in a page': (path) => truncateSync(path, 5000),
  'cut in the header': (path) => truncateSync(path, 50),
  'replaced by garbage': (path) => writeFileSync(path, garbage(20_000)),
  'replaced by a folder': (path) => {
    rmSync(path)
    mkdirSync(path)
  },
  "replaced by another program's database": (path) => {
    rmSync(path)
    const other = openBetterSqlite({ path })
    other.exec('CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)')
    other.close()
  },
}

const withJournals = (path: string): ReadonlyArray<string> => [path, `${path}-wal`, `${path}-shm`]

/** Everything that the state holds can be made again, whatever is in its place. */
const damagedState: FileAnomaly = async (report) => {
  for (const [what, damage] of Object.entries(damages))
    await report(`state ${what}`, async () => {
      const closed = await closedStore()
      damage(storeFiles(closed.directory, storeId).state)
      await mustBeWhole(closed, closed.persisted)
      rmSync(closed.directory, { recursive: true })
    })
}

/**
 * The log cannot be made again: the store opens with what is left of it, or says what is wrong and touches nothing, so
 * that a backup put in its place has everything.
 */
const damagedEventlog: FileAnomaly = async (report) => {
  for (const [what, damage] of Object.entries(damages))
    await report(`eventlog ${what}`, async () => {
      const closed = await closedStore()
      const backup = temporary()
      cpSync(closed.directory, backup, { recursive: true })
      damage(storeFiles(closed.directory, storeId).eventlog)
      const error = await within(
        open(closed.directory, closed.backend).then(
          (store) => store.close(),
          (thrown: unknown) => thrown,
        ),
        'opening',
      )
      if (error === undefined) await mustBeWhole(closed, new Set())
      else {
        if (!(error instanceof FormatUnsupported)) mustBeTyped(error, 'opening')
        rmSync(closed.directory, { recursive: true })
        cpSync(backup, closed.directory, { recursive: true })
        await mustBeWhole(closed, closed.persisted)
      }
      for (const folder of [closed.directory, backup]) rmSync(folder, { recursive: true })
    })
}

/** Only where permissions say anything: root may write everywhere. */
const readOnlyFiles: FileAnomaly = async (report) => {
  if (process.platform === 'win32' || process.getuid?.() === 0) {
    process.stdout.write('node read-only-files: left out, permissions bind nobody here\n')
    return
  }
  for (const name of ['eventlog', 'state', 'folder'] as const)
    await report(`${name} read-only`, async () => {
      const closed = await closedStore()
      const path = storeFiles(closed.directory, storeId)[name]
      const mode = name === 'folder' ? 0o755 : 0o644
      for (const file of withJournals(path)) if (existsSync(file)) chmodSync(file, mode & 0o555)
      const error = await within(
        open(closed.directory, closed.backend).then(
          (store) => store.close(),
          (thrown: unknown) => thrown,
        ),
        'opening',
      )
      if (!(error instanceof Error && 'directory' in error)) mustBeTyped(error, 'opening')
      for (const file of withJournals(path)) if (existsSync(file)) chmodSync(file, mode)
      await mustBeWhole(closed, closed.persisted)
      rmSync(closed.directory, { recursive: true })
    })
}

/** A process whose files may not grow beyond so many blocks of 512 bytes. */
const sizeLimits = [16, 32, 48, 64, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024]

const limitedProcess = fileURLToPath(new URL('LimitedProcess.ts', import.meta.url))

const hasLimits = (): boolean => {
  if (process.platform === 'win32') return false
  try {
    execFileSync('sh', ['-c', 'ulimit -f 1024'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const fileSizeLimit: FileAnomaly = async (report) => {
  if (!hasLimits()) {
    process.stdout.write('node file-size-limit: left out, there is no ulimit here\n')
    return
  }
  for (const blocks of sizeLimits)
    await report(`files of at most ${blocks} blocks`, async () => {
      const directory = temporary()
      const script = `trap "" XFSZ; ulimit -f ${blocks}; exec "$0" "$1" "$2"`
      const { stdout, stderr } = spawnSync('sh', ['-c', script, process.execPath, limitedProcess, directory], {
        encoding: 'utf8',
        timeout: 30_000,
      })
      const line = stdout.split('\n').find((text) => text.startsWith('{'))
      if (line === undefined) throw new Error(`the limited process said nothing: ${stderr.slice(0, 300)}`)
      const { persisted, isTyped, error } = JSON.parse(line) as LimitedReport
      if (!isTyped) throw new Error(`an error that says nothing of the machine: ${error}`)
      await mustBeWhole(
        { directory, backend: memoryBackend(), persisted: new Set(), confirmed: new Set() },
        new Set(persisted),
      )
      rmSync(directory, { recursive: true })
    })
}

/** What `LimitedProcess.ts` prints. */
export interface LimitedReport {
  readonly persisted: ReadonlyArray<string>
  readonly isTyped: boolean
  readonly error: string
}

export const fileAnomalies: Readonly<Record<string, FileAnomaly>> = {
  'damaged-state': damagedState,
  'damaged-eventlog': damagedEventlog,
  'read-only-files': readOnlyFiles,
  'file-size-limit': fileSizeLimit,
}

/** Runs one of {@link fileAnomalies}, or each `step`th thing of it. **Shape** how many of the things done to the files held. */
export const runFileAnomaly = async (
  name: string,
  step = 1,
): Promise<{ readonly held: number; readonly violations: ReadonlyArray<string> }> => {
  let [held, things] = [0, 0]
  const violations: Array<string> = []
  await fileAnomalies[name]!(async (what, run) => {
    if (things++ % step > 0) return
    try {
      await run()
      held++
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      violations.push(`${what}: ${message}\n    npx -y pnpm@12 check:anomalies --driver node --path ${name}`)
    }
  })
  return { held, violations }
}
