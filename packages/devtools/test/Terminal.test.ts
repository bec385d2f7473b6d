/** The command, on a store of a real process: while it runs, after a SIGKILL, after it has closed. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tmpdir } from 'node:os'
import { stripVTControlCharacters } from 'node:util'
import { memoryAdapter, nodeAdapter, openBetterSqlite } from '@headwater/adapter-node'
import { createStore } from '@headwater/core'
import { memoryBackend } from '@headwater/testkit'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { runCli } from '../src/terminal/Cli.ts'
import { startApp } from './AppProcess.ts'
import { temporaryFolder } from './Folder.ts'
import { itemAdded, items, schema } from './Shop.ts'
import { openTroubledStore } from './TroubledStore.ts'

vi.setConfig({ testTimeout: 60_000 })

interface Ran {
  readonly code: number
  readonly text: string
  readonly trouble: ReadonlyArray<string>
}

const run = async (...args: ReadonlyArray<string>): Promise<Ran> => {
  const [out, trouble]: [Array<string>, Array<string>] = [[], []]
  const output = { line: (text: string) => void out.push(text), trouble: (text: string) => void trouble.push(text) }
  const code = await runCli(args, output, new AbortController().signal)
  return { code, text: stripVTControlCharacters(out.join('\n')), trouble }
}

interface JsonStore {
  readonly storeId: string
  readonly holder: { readonly pid: number } | null
  readonly log: { readonly events: number; readonly unsettled: number; readonly rejected: number }
  readonly state: { readonly quarantined: ReadonlyArray<{ readonly eventId: string }> }
  readonly faults: ReadonlyArray<string>
  readonly findings: ReadonlyArray<{ readonly severity: string; readonly title: string }>
  readonly events: ReadonlyArray<{
    readonly id: string
    readonly name: string
    readonly stage: string
    readonly argsJson?: string
  }>
  readonly rejected: ReadonlyArray<{ readonly event: { readonly id: string }; readonly isDismissed: boolean }>
}

const json = async (directory: string, ...args: ReadonlyArray<string>): Promise<ReadonlyArray<JsonStore>> => {
  const { text, trouble } = await run('inspect', directory, '--json', ...args)
  expect(trouble).toEqual([])
  return (JSON.parse(text) as { readonly stores: ReadonlyArray<JsonStore> }).stores
}

const one = async (directory: string, ...args: ReadonlyArray<string>): Promise<JsonStore> =>
  (await json(directory, ...args))[0]!

const adapterIn = (directory: string) => nodeAdapter({ directory, leader: 'same-thread' })

/** A troubled store that its app has closed, and what its app knew. Made once; each test gets a copy. */
const closed = { directory: mkdtempSync(join(tmpdir(), 'headwater-devtools-')), refusedId: '', quarantinedId: '' }
beforeAll(async () => {
  const { store, other, refusedId, quarantinedId } = await openTroubledStore(
    adapterIn(closed.directory),
    memoryAdapter(),
  )
  await Promise.all([store.close(), other.close()])
  Object.assign(closed, { refusedId, quarantinedId })
  return () => rmSync(closed.directory, { recursive: true, force: true })
})

const closedStore = () => {
  const directory = temporaryFolder()
  cpSync(closed.directory, directory, { recursive: true })
  return { ...closed, directory }
}

/** Names and contents, but for locks and what SQLite keeps in shared memory. */
const contentsOf = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('-shm') && !entry.name.startsWith('lock.db'))
    .map(
      ({ parentPath, name }) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(parentPath, name)))
          .digest('hex')}`,
    )
    .toSorted()

/** What the troubled store's files say, whoever has them. */
const expectTroubles = (
  store: JsonStore,
  { refusedId, quarantinedId }: { refusedId: string; quarantinedId: string },
): void => {
  expect(store.log).toMatchObject({ events: 8, unsettled: 3, rejected: 1 })
  expect(store.rejected.map(({ event }) => event.id)).toEqual([refusedId])
  expect(store.state.quarantined.map(({ eventId }) => eventId)).toEqual([quarantinedId])
  expect(store.events.map(({ stage }) => stage)).toEqual([
    ...Array<string>(5).fill('settled'),
    ...Array<string>(3).fill('persisted'),
  ])
  expect(store.faults).toEqual([])
}

test('a store with pending, rejected and quarantined events: while its app runs (nothing may be retried), after kill -9, and closed', async () => {
  const directory = temporaryFolder()
  const app = await startApp(directory, 'worker')
  const running = await one(directory)
  expect(running.holder?.pid).toBe(app.pid)
  expectTroubles(running, app.opened)
  for (const command of ['retry', 'discard']) {
    const { code, trouble } = await run(command, directory, app.opened.refusedId)
    expect([code, trouble]).toEqual([1, [expect.stringContaining(`shop is open in process ${app.pid} on`)]])
  }
  expectTroubles(await one(directory), app.opened)
  // They have let go of everything: the app goes on, and what it commits is found.
  await app.tell({ is: 'commit', id: 'i6' })
  expect((await one(directory)).log.events).toBe(9)
  const text = (await run('inspect', directory)).text
  expect(text).toContain(`open in process ${app.pid}`)
  expect(text).toContain('4 events not confirmed by the backend')
  expect(text).toMatch(/refused +itemAdded .*no "secret cake" here/)
  expect(text).toMatch(/e4 +itemAdded .*UNIQUE constraint failed: items\.id/)
  expect(text).toContain('heads       local e8, settled e5')

  await app.kill()
  const before = contentsOf(directory)
  const killed = await one(directory)
  expect(killed.holder).toBeNull()
  expect(killed.log).toMatchObject({ events: 9, unsettled: 4, rejected: 1 })
  expect(killed.findings[0]).toMatchObject({
    severity: 'warning',
    title: expect.stringContaining('4 events not confirmed'),
  })
  expect(contentsOf(directory)).toEqual(before)

  const store = await createStore({
    schema,
    storeId: 'shop',
    adapter: adapterIn(directory),
    log: () => undefined,
  })
  await store.close()
  const left = contentsOf(directory)
  expect(left.some((file) => file.startsWith('eventlog-v1.db-wal'))).toBe(false)
  const [again] = await json(directory, '--check')
  expect(again).toMatchObject({ holder: null, log: { events: 9, unsettled: 4 } })
  // Nothing is left beside files that nobody has open, not even an empty WAL.
  expect(contentsOf(directory)).toEqual(left)
  expect(readdirSync(join(directory, 'shop')).some((name) => name.endsWith('-shm'))).toBe(false)
  process.stdout.write(`PROOF inspected=running,killed,closed events=${killed.log.events} rejected=1 quarantined=1\n`)
})

test('events are chosen by stage and name, args are shown where they are asked for, tables page by page', async () => {
  const { directory, quarantinedId } = closedStore()
  const names = async (...args: ReadonlyArray<string>): Promise<string> =>
    (await one(directory, ...args)).events.map(({ name }) => name).join(' ')
  expect(await names('--stage', 'persisted')).toBe('itemAdded draftSaved itemBought')
  expect(await names('--stage', 'client-only')).toBe('draftSaved')
  expect((await one(directory, '--stage', 'quarantined')).events.map(({ id }) => id)).toEqual([quarantinedId])
  expect(await names('--name', 'item*', '--events', '2')).toBe('itemAdded itemBought')
  expect(await names('--stage', 'settled', '--events', '1')).toBe('itemBought')
  expect((await one(directory)).events[0]?.argsJson).toBeUndefined()
  expect((await one(directory, '--args')).events[0]?.argsJson).toBe('{"id":"i1","name":"milk","amount":2}')
  const table = await run('inspect', directory, '--table', 'items', '--events', '2', '--offset', '1')
  expect(table.text.split('\n').map((line) => line.trim().split(/ +/).join(' '))).toEqual([
    'id name amount bought',
    'i2 bread 1 1',
    expect.stringMatching(/^i4 eggs (6|10) 0$/),
  ])
  expect((await run('inspect', directory, '--table', 'nothing')).trouble[0]).toContain('its tables are drafts, items')
})

interface FollowedChange {
  readonly _tag: string
  readonly event?: { readonly name: string }
  readonly to?: { readonly global: number }
  readonly head?: { readonly global: number }
  readonly count?: number
}

test('--follow tells of events, a rebase, what settles and what is refused, as the app does it', async () => {
  const directory = temporaryFolder()
  const app = await startApp(directory)
  const controller = new AbortController()
  const changes: Array<string> = []
  const waiting = new Set<() => void>()
  const line = (text: string): void => {
    const change = JSON.parse(text) as FollowedChange
    changes.push(
      [change._tag, change.event?.name, change.to?.global, change.head?.global, change.count]
        .filter((part) => part !== undefined)
        .map(String)
        .join(' '),
    )
    for (const wake of waiting) wake()
  }
  const told = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!changes.includes(text)) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  const following = runCli(
    ['inspect', directory, '--follow', '--json', '--events', '2'],
    { line, trouble: (text) => void changes.push(text) },
    controller.signal,
  )
  await told('quarantined')
  expect(changes).toEqual(['event draftSaved', 'event itemBought', 'rejected', 'quarantined'])
  changes.length = 0
  await app.tell({ is: 'commit', id: 'i6' })
  await told('event itemAdded')
  changes.length = 0
  await app.tell({ is: 'rebase' })
  await told('settled 9')
  expect(changes[0]).toBe('rollback 5 4')
  expect(changes.filter((change) => change.startsWith('event'))).toHaveLength(5)
  controller.abort()
  expect(await following).toBe(0)
})

describe('retry and discard', () => {
  test('of a closed store: committed again under a new id, which the app applies and pushes', async () => {
    const { directory, refusedId, quarantinedId } = closedStore()
    const { code, text } = await run('retry', directory, refusedId, quarantinedId, refusedId)
    expect(code).toBe(0)
    const newIds = text.split('\n').map((line) => /committed again as (\S+);/.exec(line)?.[1])
    expect(newIds).toHaveLength(2)
    const after = await one(directory)
    expect(after.log).toMatchObject({ events: 10, unsettled: 5, rejected: 0 })
    expect(after.rejected).toMatchObject([{ isDismissed: true }])

    const store = await createStore({
      schema,
      storeId: 'shop',
      adapter: adapterIn(directory),
      log: () => undefined,
    })
    onTestFinished(() => store.close())
    expect(store.query(items.where({ id: 'i3' }).first())).toMatchObject({ name: 'secret cake' })
    // Its key is still taken.
    expect(store.quarantined.list().map(({ eventId }) => eventId)).toEqual([quarantinedId, newIds[1]])
    expect(store.status.backend.pending).toBe(5)
  })

  test('pushed once there is a backend', async () => {
    const directory = temporaryFolder()
    const backend = memoryBackend()
    const options = { schema, storeId: 'cake', adapter: adapterIn(directory), backend, log: () => undefined }
    backend.setValidator(() => 'closed on Sundays')
    const store = await createStore(options)
    const receipt = store.commit(itemAdded({ id: 'i1', name: 'cake', amount: 1 }))
    await receipt.confirmed.catch(() => undefined)
    await store.close()
    backend.setValidator(() => undefined)
    expect((await run('retry', directory, receipt.eventIds[0]!.slice(0, 20))).code).toBe(0)
    const again = await createStore(options)
    onTestFinished(() => again.close())
    await again.until(({ isSynced }) => isSynced)
    expect(backend.log('cake').map(({ name }) => name)).toEqual(['itemAdded'])
    expect(await again.rejected.list()).toEqual([])
  })

  test('discarded: kept, and listed no more', async () => {
    const { directory, refusedId, quarantinedId } = closedStore()
    expect((await run('discard', directory, quarantinedId)).trouble[0]).toContain('in the log for good')
    expect((await run('discard', directory, 'ffff')).trouble[0]).toBe('ffff is no event among refused events')
    expect((await run('retry', directory, '0')).trouble[0]).toMatch(/^0 is the beginning of \d events' ids/)
    expect((await run('discard', directory, refusedId)).text).toContain('discarded')
    expect((await one(directory)).log).toMatchObject({ rejected: 0, events: 8 })
    expect((await run('discard', directory, refusedId)).code).toBe(1)
  })
})

describe('bad input is one line', () => {
  const troubleOf = async (...args: ReadonlyArray<string>): Promise<readonly [number, string]> => {
    const { code, trouble, text } = await run(...args)
    expect(trouble).toHaveLength(1)
    expect(trouble[0]).not.toContain('\n')
    expect(text).toBe('')
    return [code, trouble[0]!]
  }

  test('of the command line', async () => {
    expect(await troubleOf()).toEqual([2, 'a command is missing; see headwater --help'])
    expect(await troubleOf('look')).toEqual([2, 'there is no command "look"; see headwater --help'])
    expect((await troubleOf('inspect'))[1]).toContain('inspect takes one DIR')
    expect((await troubleOf('inspect', 'a', 'b'))[0]).toBe(2)
    expect((await troubleOf('inspect', '.', '--stage', 'odd'))[1]).toContain('--stage is one of persisted, settled')
    expect((await troubleOf('inspect', '.', '--events', '-1'))[0]).toBe(2)
    expect((await troubleOf('inspect', '.', '--events=many'))[1]).toContain('--events takes a whole number, not "many"')
    expect((await troubleOf('inspect', '.', '--wrong'))[0]).toBe(2)
    expect((await troubleOf('retry', '.'))[1]).toContain('at least one EVENT')
    expect((await troubleOf('replay', 'x.json'))[1]).toContain('--into DIR')
    expect((await troubleOf('inspect', '.', '--follow', '--stage', 'settled'))[1]).toContain('it takes client-only')
  })

  test('of folders: missing, a file, empty, unknown stores', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect(await troubleOf('inspect', join(folder, 'none'))).toEqual([
      1,
      `${join(folder, 'none')}: there is no such folder`,
    ])
    expect((await troubleOf('inspect', file))[1]).toContain('is a file: give the folder')
    expect((await troubleOf('inspect', join(file, 'below')))[1]).toContain('there is no such folder')
    expect((await troubleOf('inspect', folder))[1]).toContain('holds no Headwater store')
    for (const storeId of ['Shop', 'other']) {
      const store = await createStore({
        schema,
        storeId,
        adapter: adapterIn(folder),
        log: () => undefined,
      })
      await store.close()
    }
    expect((await troubleOf('inspect', folder, '--store', 'shop'))[1]).toContain('it has Shop, other')
    expect(await troubleOf('report', folder)).toEqual([
      2,
      expect.stringContaining('choose one with --store: Shop, other'),
    ])
    const listed = await run('inspect', folder)
    expect(listed.text).toMatch(/Shop +A local store: 0 events/)
    expect((await one(join(folder, 'other'))).storeId).toBe('other')
  })

  test('of files: a newer format, damage, no eventlog', async () => {
    const directory = temporaryFolder()
    const store = await createStore({
      schema,
      storeId: 'shop',
      adapter: adapterIn(directory),
      log: () => undefined,
    })
    store.commit(...Array.from({ length: 500 }, (_, n) => itemAdded({ id: `i${n}`, name: 'x'.repeat(50), amount: n })))
    await store.close()
    const eventlog = join(directory, 'shop', 'eventlog-v1.db')
    const copy = (change: (folder: string) => void): string => {
      const folder = temporaryFolder()
      cpSync(directory, folder, { recursive: true })
      change(join(folder, 'shop'))
      return folder
    }
    const newer = copy((folder) => {
      const file = openBetterSqlite({ path: join(folder, 'eventlog-v1.db') })
      file.exec('PRAGMA user_version = 9')
      file.close()
    })
    expect((await troubleOf('inspect', newer))[1]).toContain(
      'has format 9, this version of @headwater/core reads up to 1',
    )
    const named = copy((folder) => {
      cpSync(join(folder, 'eventlog-v1.db'), join(folder, 'eventlog-v2.db'))
      rmSync(join(folder, 'eventlog-v1.db'))
    })
    expect((await troubleOf('inspect', named))[1]).toContain('has format 2')
    const noDatabase = copy((folder) => writeFileSync(join(folder, 'eventlog-v1.db'), 'no database at all, only text'))
    expect((await troubleOf('inspect', noDatabase))[1]).toContain('is damaged or not a database')
    // Among others it is one line of several.
    cpSync(join(newer, 'shop'), join(noDatabase, 'other'), { recursive: true })
    cpSync(join(directory, 'shop'), join(noDatabase, 'well'), { recursive: true })
    const three = await run('inspect', noDatabase)
    expect([three.code, three.trouble]).toEqual([1, []])
    expect(three.text).toMatch(/other +It cannot be read/)
    expect(three.text).toMatch(/well +A local store: 500 events/)
    expect((await json(noDatabase)).map(({ findings }) => findings[0]?.severity)).toEqual(['error', 'error', 'ok'])
    const [code, line] = await troubleOf('retry', join(noDatabase, 'shop'), 'x')
    expect([code, line.includes('\n')]).toEqual([1, false])
    const torn = copy((folder) => {
      const bytes = readFileSync(eventlog)
      // The middle of the log's own pages.
      bytes.fill(0xff, 12 * 4096, 16 * 4096)
      writeFileSync(join(folder, 'eventlog-v1.db'), bytes)
    })
    const damaged = await run('inspect', torn)
    expect(damaged.code).toBe(1)
    expect(`${damaged.text}${damaged.trouble.join('')}`).toMatch(/A file is damaged|is damaged or not a database/)
    const gone = copy((folder) => rmSync(join(folder, 'eventlog-v1.db')))
    const without = await run('inspect', gone)
    expect([without.code, without.text.includes('There is no eventlog')]).toEqual([1, true])
    const empty = copy((folder) => writeFileSync(join(folder, 'eventlog-v1.db'), ''))
    expect((await run('inspect', empty)).text).toContain('0 events, 0 unsettled')
    const stateless = copy((folder) => rmSync(join(folder, 'state-v1.db')))
    expect((await run('inspect', stateless)).text).toContain('There are no tables yet')
    const hole = copy((folder) => {
      const file = openBetterSqlite({ path: join(folder, 'eventlog-v1.db') })
      file.exec('DELETE FROM eventlog WHERE seqNumGlobal = 7')
      file.close()
    })
    const missing = await run('inspect', hole)
    expect([missing.code, missing.text.includes('the event before e8 is missing')]).toEqual([1, true])
  })

  test('what people wrote is never a command to the terminal', async () => {
    const directory = temporaryFolder()
    const store = await createStore({
      schema,
      storeId: 'shop',
      adapter: adapterIn(directory),
      log: () => undefined,
    })
    store.commit(itemAdded({ id: 'i1', name: '\u001B]0;owned\u0007\u202E', amount: 1 }))
    await store.close()
    const raw: Array<string> = []
    const output = { line: (text: string) => void raw.push(text), trouble: () => undefined }
    await runCli(['inspect', directory, '--args'], output, new AbortController().signal)
    await runCli(['inspect', directory, '--table', 'items'], output, new AbortController().signal)
    const said = raw.join('\n')
    expect(said).toContain('owned')
    expect(said.includes('\u001B]') || said.includes('\u0007') || said.includes('\u202E')).toBe(false)
  })
})

test('report writes a file that replay makes a store of; the command runs as a process', async () => {
  const { directory } = closedStore()
  const out = join(temporaryFolder(), 'report.json')
  const written = await run('report', directory, '--out', out)
  expect(written.text).toMatch(/^.*report\.json: 8 events, .*args as shapes/)
  expect(readFileSync(out, 'utf8').includes('milk')).toBe(false)
  expect((await run('report', directory, '--out', out)).trouble[0]).toContain('is there already')
  expect(await run('report', directory, '--out', join(out, 'below.json'))).toMatchObject({
    code: 1,
    trouble: [expect.stringMatching(/below\.json: it cannot be written \(ENOTDIR\)$/)],
  })
  const into = join(temporaryFolder(), 'replayed')
  const elsewhere = await run('replay', out, '--into', into, '--store', '../../elsewhere')
  expect(elsewhere).toMatchObject({ code: 1, trouble: [expect.stringContaining('../../elsewhere')] })
  expect(existsSync(into)).toBe(false)
  const main = fileURLToPath(new URL('../src/terminal/main.ts', import.meta.url))
  const child = spawn(process.execPath, [main, 'replay', out, '--into', into], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said: Array<string> = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect([code, said.join('')]).toEqual([0, expect.stringContaining('shop: 8 events, 1 refused')])
  const replayed = await one(into)
  expect(replayed).toMatchObject({ log: { events: 8, unsettled: 3, rejected: 1 } })
  expect(replayed.events.map(({ id }) => id)).toEqual((await one(directory)).events.map(({ id }) => id))
  expect(existsSync(join(into, 'shop', 'lock.db'))).toBe(true)
})

test('help and version', async () => {
  expect((await run('--help')).text).toContain('headwater inspect DIR')
  expect((await run('--version')).text).toMatch(/^\d+\.\d+\.\d+$/)
})
