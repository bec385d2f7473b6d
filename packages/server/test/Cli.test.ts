import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { httpBackend } from '@headwater/backend-http'
import type { BackendPosition, SyncBackend } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endAll, listening, runHere, start } from './CliProcess.ts'
import { event, root } from './Requests.ts'
import { temporaryFolder } from './ServerFixture.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

let folder = ''
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => {
  endAll()
  rmSync(folder, { recursive: true, force: true })
})

const withClient = <A>(
  url: string,
  use: (backend: SyncBackend) => Effect.Effect<A, unknown>,
  token?: string,
): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(httpBackend({ url, getToken: () => token }).make({ storeId: 's', clientId: 'client-a' }), use),
    ),
  )

test('help and version are printed', async () => {
  const help = await start('--help').ended
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout).toContain('--token TOKEN')
  expect(await start('--version').ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
})

test('what it cannot do is one clear line and exit code 2', async () => {
  const wrong: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
    [['--prot', '1'], /unknown option '--prot'/i],
    [['--port', 'many'], /--port must be a number/],
    [['--port'], /'--port <value>' argument missing/],
    [['serve'], /unknown command "serve"/],
    [['backup'], /backup takes one FILE/],
    [['--host', '0.0.0.0'], /listens on loopback only/],
    [['--token', ''], /a token must not be empty/],
    [['--database', 'postgres://localhost/x'], /give --data or --database, not both/],
    [['--electric', 'http://localhost:3000'], /--electric needs --database/],
    [['--connections', '5'], /--connections needs --database/],
  ]
  for (const [args, expected] of wrong) {
    const { code, stderr } = await runHere('--data', folder, ...args)
    expect([code, stderr.trimEnd().split('\n').length]).toEqual([2, 1])
    expect(stderr).toMatch(expected)
  }
})

test('an Electric or a number that makes no sense is found out before anything is opened', async () => {
  const database = 'postgres://user:hunter2@127.0.0.1:1/x'
  const wrong: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
    [['--database', database, '--connections', '0'], /--connections must be a number from 1 to 1000, not "0"/],
    [['--database', database, '--electric', 'localhost'], /address of Electric must look like http:\/\/localhost:3000/],
    [['--database', database, '--electric', 'ftp://localhost'], /address of Electric must look like/],
    [
      ['--database', database, '--database', `${database}2`, '--electric', 'http://localhost:3000'],
      /from one PostgreSQL/,
    ],
  ]
  for (const [args, expected] of wrong) {
    const { code, stderr } = await runHere(...args)
    expect([code, stderr.trimEnd().split('\n').length]).toEqual([2, 1])
    expect(stderr).toMatch(expected)
    expect(stderr).not.toContain('hunter2')
  }
})

test('a database that cannot be used is one line that says what to do; the password is not in it', async () => {
  const wrong: ReadonlyArray<readonly [string, RegExp]> = [
    ['mysql://user:hunter2@localhost/x', /must look like postgres:\/\/user:password@host/],
    ['postgres://user:hunter2@127.0.0.1:1/x', /127\.0\.0\.1:1\/x: .*ECONNREFUSED.*check that it runs/],
  ]
  for (const [url, text] of wrong) {
    const { code, stderr, stdout } = await runHere('--database', url, '--port', '0')
    expect([code, stderr.trimEnd().split('\n').length, stdout]).toEqual([1, 1, ''])
    expect(stderr).toMatch(text)
    expect(stderr).not.toContain('hunter2')
  }
})

test('without a token it says that it is open to this machine only; SIGTERM ends it well', async () => {
  const server = start('--data', folder, '--port', '0')
  const url = await listening(server)
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/)
  await withClient(url, (backend) => backend.ping)
  server.child.kill('SIGTERM')
  const { code, stderr, stdout } = await server.ended
  expect(code).toBe(0)
  expect(stderr).toMatch(/no --token, so it listens on loopback only/)
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).event),
  ).toEqual(['listening', 'request', 'stopping', 'stopped'])
})

test('with a token only its bearers get in', async () => {
  const server = start('--data', folder, '--port', '0', '--token', 'one', '--token', 'two')
  const url = await listening(server)
  await withClient(url, (backend) => backend.ping, 'two')
  const refused = await withClient(url, (backend) => Effect.flip(backend.ping), 'three')
  expect(refused).toMatchObject({ reason: { _tag: 'Unauthorized' } })
  server.child.kill('SIGTERM')
  expect((await server.ended).stderr).toBe('')
})

test('a second server on the same data is told who is there; a backup works beside the first', async () => {
  const server = start('--data', folder, '--port', '0')
  await listening(server)
  const second = await runHere('--data', folder, '--port', '0')
  expect(second.code).toBe(1)
  expect(second.stderr).toMatch(new RegExp(`in use by process ${server.child.pid} since`))
  const file = join(folder, 'backup.sqlite3')
  expect(await runHere('backup', '--data', folder, file)).toMatchObject({
    code: 0,
    stdout: `${file}\n`,
    stderr: '',
  })
  expect(existsSync(file)).toBe(true)
  expect((await runHere('verify', '--data', folder)).stderr).toMatch(/in use by process/)
  expect((await runHere('backup', '--data', folder, file)).stderr).toMatch(/exists already/)
  expect((await runHere('backup', '--data', join(folder, 'none'), `${file}2`)).stderr).toMatch(/there is no log in/)
})

test('killed in the middle of pushes, it reopens with everything that it acknowledged', async () => {
  let acknowledged: BackendPosition = root
  let lost = 0
  for (let round = 0; round < 3; round += 1) {
    const server = start('--data', folder, '--port', '0', '--quiet')
    const url = await listening(server)
    acknowledged = await withClient(url, (backend) =>
      Effect.gen(function* () {
        const { backendId, head } = yield* backend.ping
        if (head.global < acknowledged.global) lost += 1
        return yield* pushUntilKilled(backend, backendId, head, () => server.child.kill('SIGKILL'), 20 + round * 7)
      }),
    )
    await server.ended
  }
  const server = start('--data', folder, '--port', '0')
  const head = await withClient(await listening(server), (backend) => Effect.map(backend.ping, (info) => info.head))
  expect(lost).toBe(0)
  server.child.kill('SIGTERM')
  await server.ended
  expect(await runHere('verify', '--data', folder)).toEqual({
    code: 0,
    stdout: `1 stores, ${head.global} events, 0 faults\n`,
    stderr: '',
  })
  expect(head.global).toBeGreaterThanOrEqual(acknowledged.global)
  console.log(`PROOF server_kills=3 acknowledged=${acknowledged.global} head=${head.global} lost=${lost}`)
})

/** Pushes single events; after `count` acknowledged ones kills the server while more are in flight. */
const pushUntilKilled = (
  backend: SyncBackend,
  backendId: string,
  from: BackendPosition,
  kill: () => void,
  count: number,
): Effect.Effect<BackendPosition> =>
  Effect.gen(function* () {
    let head = from
    for (let i = 0; ; i += 1) {
      if (i === count) setImmediate(kill)
      const next = event(head)
      const result = yield* Effect.result(backend.push({ backendId, parent: head, events: [next] }))
      if (result._tag === 'Failure' || result.success._tag !== 'Accepted') return head
      head = result.success.head
    }
  })
