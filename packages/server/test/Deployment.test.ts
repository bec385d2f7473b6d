/** The files in `examples/deployment` against what the command line takes, and a backup as `docs/deployment.md` makes one. */
import { copyFileSync, globSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BackendEvent } from '@headwater/core/backend'
import { startServer } from '@headwater/server'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { help, readArgs } from '../src/CliOptions.ts'
import { logFileOf } from '../src/DataFolder.ts'
import { runHere } from './CliProcess.ts'
import { chain } from './LogStorageSuite.ts'
import { root } from './Requests.ts'
import { connect, faultless, faultsOf, until } from './ServerClients.ts'
import { temporaryFolder } from './ServerFixture.ts'

const folder = fileURLToPath(new URL('../../../examples/deployment', import.meta.url))
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')

interface Service {
  readonly command?: ReadonlyArray<string>
  readonly environment?: Readonly<Record<string, string>>
  readonly depends_on?: Readonly<Record<string, unknown>>
  readonly volumes?: ReadonlyArray<string>
}

const { services, volumes } = parse(read('compose.yaml')) as {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

/** What the command line and its documentation call by name. */
const commands = new Set([...help.matchAll(/^ {2}headwater-server ([a-z-]+)/gm)].map(([, name]) => name))
const variables = new Set(
  globSync('*.ts', { cwd: fileURLToPath(new URL('../src', import.meta.url)) })
    .map((file) => readFileSync(fileURLToPath(new URL(`../src/${file}`, import.meta.url)), 'utf8'))
    .flatMap((text) => [...text.matchAll(/process\.env\['(\w+)'\]/g)].map(([, name]) => name)),
)

/** Every call of the command line in a unit. **Shape**  its arguments; what a shell puts there is one. */
const callsIn = (unit: string): ReadonlyArray<ReadonlyArray<string>> =>
  [...unit.replaceAll(/\$\([^)]*\)/g, 'now').matchAll(/^Exec\w+=.*?\/\.bin\/headwater-server ([^'\n]*)/gm)].map(
    ([, args = '']) => args.split(' '),
  )

test('units and compose file call the command line as it is', () => {
  const calls = [
    ...callsIn(read('headwater-server.service')),
    ...callsIn(read('headwater-backup.service')),
    services['server']?.command ?? [],
  ]
  expect(calls.map((args) => args.length > 1)).toEqual([true, true, true])
  expect(calls.flatMap((args) => readArgs(args).positionals.slice(0, 1))).toEqual(['backup'])
  expect(commands).toContain('backup')
  const units = ['headwater-server.service', 'headwater-backup.service'].map((name) => callsIn(read(name))[0] ?? [])
  expect(units.map((args) => readArgs(args).values.data)).toEqual(['/var/lib/headwater', '/var/lib/headwater'])
  expect(read('headwater-server.service')).toContain('StateDirectory=headwater\n')
  expect(parse(read('litestream.yml'))).toMatchObject({ dbs: [{ path: logFileOf('/var/lib/headwater') }] })
  // On all interfaces it starts with a token only.
  expect(readArgs(services['server']?.command ?? []).values.host).toBe('0.0.0.0')
  expect(Object.keys(services['server']?.environment ?? {})).toContain('HEADWATER_TOKEN')
  expect(read('Dockerfile')).toContain('/.bin/headwater-server"]')
})

test('environment, services and volumes that are named are there', () => {
  const texts = globSync('*', { cwd: folder }).map(read).join('\n')
  const named = new Set([...texts.matchAll(/\bHEADWATER_[A-Z_]+/g)].map(([name]) => name))
  expect(named.size).toBeGreaterThan(3)
  expect([...named].filter((name) => !variables.has(name))).toEqual([])
  for (const { depends_on: needs = {}, volumes: mounts = [] } of Object.values(services)) {
    expect(Object.keys(services)).toEqual(expect.arrayContaining(Object.keys(needs)))
    for (const [source = ''] of mounts.map((mount) => mount.split(':'))) {
      if (source.startsWith('.')) expect(read(source)).not.toBe('')
      else expect(volumes).toHaveProperty(source)
    }
  }
  const hosts = [...JSON.stringify(services).matchAll(/(?:@|http:\/\/)([a-z]+):\d/g)].map(([, host]) => host ?? '')
  expect(hosts.filter((host) => !(host in services))).toEqual([])
  expect(services).toHaveProperty(/dynamic a (\w+) 4800/.exec(read('Caddyfile'))?.[1] ?? '')
})

test('VACUUM INTO beside appends is a whole log; who was ahead of it is told, and brings back what was lost', async () => {
  const [data, restored] = [temporaryFolder(), temporaryFolder()]
  const server = await startServer({ data, port: 0 })
  const writer = await connect(server.url, 's')
  const events: Array<BackendEvent> = []
  let isOver = false
  const writing = (async () => {
    while (!isOver) {
      const batch = chain(root, 2)
      await writer.land(batch)
      events.push(...batch)
    }
  })()
  await until(() => events.length > 20)
  const before = events.length
  const file = join(data, 'copy.sqlite3')
  const tool = new Database(logFileOf(data), { readonly: true })
  tool.prepare('VACUUM INTO ?').run(file)
  tool.close()
  const during = events.length
  await until(() => events.length > during + 20)
  isOver = true
  await writing
  await server.close()
  copyFileSync(file, logFileOf(restored))
  expect(await runHere('verify', '--data', restored, '--quiet')).toMatchObject({ code: 0, stderr: '' })
  const again = await startServer({ data: restored, port: server.port })
  const reader = await connect(again.url, 's')
  const log = await reader.log()
  expect(reader.backendId).toBe(writer.backendId)
  expect(log.length).toBeGreaterThanOrEqual(before)
  expect(faultsOf(log, events.slice(0, before))).toEqual(faultless)
  await expect(writer.land(chain(root, 1))).rejects.toThrow(/HistoryChanged/)
  const [missing, at] = [events.slice(log.length), log.at(-1)]
  expect(missing.length).toBeGreaterThan(0)
  expect(at?.id).toBe(events[log.length - 1]?.id)
  await reader.land(missing)
  expect(faultsOf(await reader.log(), events)).toEqual(faultless)
  await Promise.all([writer.close(), reader.close()])
  await again.close()
  for (const each of [data, restored]) rmSync(each, { recursive: true })
  console.log(`PROOF vacuum_into events_written=${events.length} in_copy=${log.length} faults=0`)
})
