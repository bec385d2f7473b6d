import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { postgresLogStorage, sqliteLogStorage } from '@headwater/server'
import { type PostgresFixture, postgresFixture, runSql } from '@headwater/testkit/postgres'
import * as Effect from 'effect/Effect'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Ended, endAll, listening, runHere, start } from './CliProcess.ts'
import { chain, openStore } from './LogStorageSuite.ts'
import { root } from './Requests.ts'
import { temporaryFolder } from './ServerFixture.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const run = Effect.runPromise

let postgres: PostgresFixture
let folder = ''
beforeAll(async () => {
  postgres = await postgresFixture()
  folder = temporaryFolder()
})
afterAll(async () => {
  endAll()
  rmSync(folder, { recursive: true, force: true })
  await postgres.close()
})

/** A command on several databases; what it says on one of its streams, the other is empty. */
const on = (urls: ReadonlyArray<string>) => {
  const options = urls.flatMap((url) => ['--database', url])
  const command = (...args: ReadonlyArray<string>): Promise<Ended> => runHere(...options, ...args)
  return {
    says: async (...args: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
      const { code, stdout, stderr } = await command(...args)
      // Nobody looks at a terminal, so there is no progress either.
      expect([args, code, stderr]).toEqual([args, 0, ''])
      return stdout.trimEnd().split('\n')
    },
    refuses: async (code: number, message: RegExp, ...args: ReadonlyArray<string>): Promise<void> => {
      const ended = await command(...args)
      expect([args, ended.code, ended.stdout, ended.stderr.trimEnd().split('\n').length]).toEqual([args, code, '', 1])
      expect(ended.stderr).toMatch(message)
    },
  }
}

test('databases, move-store, retire and verify: what they do, and what they refuse', async () => {
  const urls = await Promise.all([0, 1, 2].map(() => postgres.makeDatabase()))
  const [names, all] = [urls.map((url) => new URL(url).host + new URL(url).pathname), on(urls)]
  const storage = await postgresLogStorage({ url: urls, connections: 2 })
  for (let index = 0; index < 12; index += 1) await (await openStore(storage, `s${index}`)).append(chain(root, 5))
  await run(storage.close)
  const table = (await all.says('databases')).map((line): ReadonlyArray<string> => line.split('  '))
  expect(table.map(([, name = '']) => name).toSorted()).toEqual(names.toSorted())
  expect(table.filter(([, , stores]) => stores?.endsWith(', directory')).length).toBe(1)
  const [ids, counts] = [table.map(([id = '']) => id), table.map(([, , stores]) => Number.parseInt(stores ?? '', 10))]
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(12)

  const [from = -1] = (
    await Promise.all(
      urls.map((url) => runSql(url, `SELECT 1 FROM headwater_stores WHERE store_id = 's0' AND is_here`)),
    )
  ).flatMap((rows, index) => (rows.length > 0 ? [index] : []))
  const to = (from + 1) % 3
  expect((await all.says('move-store', 's0', '--to', names[to] ?? ''))[0]).toMatch(
    new RegExp(`^s0: 5 events to ${names[to]}; appends waited \\d+ ms$`),
  )
  const rowOf = (name: string | undefined): number => table.findIndex((row) => row[1] === name)
  expect(await all.says('move-store', 's0', '--to', ids[rowOf(names[to])] ?? '')).toEqual([
    `s0: it is in ${names[to]}; 0 events of an old copy were deleted`,
  ])
  expect(await all.says('verify')).toEqual(['12 stores, 60 events, 0 faults'])
  expect(await all.says('move-store', '--all')).toEqual(['1 stores moved'])
  expect(await all.says('move-store', '--all')).toEqual(['0 stores moved'])

  await all.refuses(1, /there is no store nobody/, 'move-store', 'nobody', '--to', names[0] ?? '')
  await all.refuses(2, /no database "mars"; there are/, 'move-store', 's0', '--to', 'mars')
  await all.refuses(1, /no move of s0 can be undone/, 'move-store', 's0', '--undo')
  await all.refuses(2, /move-store takes a STORE with --to DATABASE or --undo, or --all/, 'move-store', 's0')
  await all.refuses(2, /databases takes nothing else/, 'databases', 'x')
  await on([]).refuses(2, /needs --database, once for each/, 'databases')
  await on(urls.slice(0, 1)).refuses(1, /one of several databases; give the server all of them/, 'databases')

  // Out of one that is not the directory, and then without it.
  const directory = table.findIndex(([, , stores]) => stores?.endsWith(', directory'))
  await all.refuses(1, /is the directory of the others and has to stay/, 'retire', table[directory]?.[1] ?? '')
  const retired = names.find((name) => name !== table[directory]?.[1]) ?? ''
  expect((await all.says('retire', retired))[0]).toMatch(/^\d+ stores moved; .* can be taken out of the list/)
  const rest = on(urls.filter((_, index) => names[index] !== retired))
  expect(await rest.says('verify')).toEqual(['12 stores, 60 events, 0 faults'])
  expect((await rest.says('databases')).length).toBe(2)
  // Who still has it in its list does not use it, until it is told to.
  expect((await all.says('databases')).find((line) => line.includes(retired))).toMatch(/ 0 stores, retired$/)
  expect(await all.says('retire', retired, '--undo')).toEqual([`${retired} takes new stores again`])
  await rest.refuses(1, new RegExp(`stores are in ${retired} .* too; add it`), 'databases')

  // A restore can put a store in two places: verify says so.
  const home = urls.findIndex((_, index) => names[index] !== retired)
  const [held] = await runSql(urls[home] ?? '', `SELECT * FROM headwater_stores WHERE is_here LIMIT 1`)
  const storeId = String(held?.['store_id'])
  await runSql(
    urls[names.indexOf(retired)] ?? '',
    `INSERT INTO headwater_stores (store_id, backend_id) VALUES ($1, 'old')
     ON CONFLICT (store_id) DO UPDATE SET is_here = true`,
    [storeId],
  )
  const { code, stdout } = await start(...urls.flatMap((url) => ['--database', url]), 'verify').ended
  expect(code).toBe(1)
  expect(stdout).toMatch(new RegExp(`^${storeId}: it takes appends in .* and in .*$`, 'm'))
})

test('export and import through the command line; a server takes a list from its environment', async () => {
  const data = join(folder, 'data')
  const file = join(folder, 'logs.jsonl')
  const storage = sqliteLogStorage({ folder: data })
  for (const storeId of ['a', 'b']) await (await openStore(storage, storeId)).append(chain(root, 20))
  await run(storage.close)
  // Beside a running server.
  const server = start('--data', data, '--port', '0')
  await listening(server)
  expect(await runHere('export', '--data', data, file)).toEqual({
    code: 0,
    stdout: `${file}: 2 logs, 40 events\n`,
    stderr: '',
  })
  expect((await runHere('import', '--data', data, file)).stderr).toMatch(/is in use by process/)
  server.child.kill('SIGTERM')
  await server.ended
  const urls = await Promise.all([0, 1].map(() => postgres.makeDatabase()))
  const both = on(urls)
  expect((await both.says('import', file, 'a'))[0]).toMatch(/^postgres .*: 1 logs, 20 events$/)
  expect((await both.says('import', file))[0]).toMatch(/: 1 logs, 20 events, 1 were there already$/)
  await both.refuses(1, /cannot be used/, 'import', join(folder, 'nowhere'))
  await both.refuses(1, /EEXIST/, 'export', file)
  await both.refuses(2, /export takes a FILE/, 'export')
  await both.refuses(2, /import takes a FILE/, 'import')
  expect(await both.says('verify')).toEqual(['2 stores, 40 events, 0 faults'])
})
