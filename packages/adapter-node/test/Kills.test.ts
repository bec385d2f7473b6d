/**
 * Processes killed with SIGKILL at random moments: clients that commit and sync over HTTP with a real server, and that
 * server. Whatever was acknowledged before a kill must be there afterwards, once; every store must open, be sound and
 * usable; in the end everybody has what the server's log folds to.
 *
 * `HEADWATER_KILLS` (default 100) is how many, `HEADWATER_SEED` repeats a run as far as time allows it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createStore } from '@headwater/core'
import { expect, test } from 'vitest'
import { httpBackend } from '../../backend-http/src/index.ts'
import { memoryAdapter, openBetterSqlite, openStoreFiles } from '../src/index.ts'
import { afterThis, temporaryFolder } from './Folder.ts'
import { fold, readLog } from './Fold.ts'
import type { FromKillClient, KillClientOptions, ToKillClient } from './KillClient.ts'
import { bundleProcesses } from './ProcessBundle.ts'
import { seededRandom } from '../../testkit/src/SeededRandom.ts'
import { schema } from './Todos.ts'

const killsMin = Number(process.env['HEADWATER_KILLS'] ?? 100)
const seed = Number(process.env['HEADWATER_SEED'] ?? Date.now() % 1_000_000)
const clientsCount = 3

/** What one client was told, and must find again. */
interface Acknowledged {
  readonly persisted: Set<string>
  readonly synced: Set<string>
  readonly confirmed: Set<string>
}

interface Client {
  readonly index: number
  readonly directory: string
  readonly acknowledged: Acknowledged
  child: ChildProcess | null
  lives: number
  opened: number
}

const count = { client: 0, server: 0, reopenings: 0, lost: 0 }

const checkFiles = ({ directory, acknowledged }: Client): number => {
  if (!existsSync(join(directory, 'demo', 'state-v1.db'))) return acknowledged.persisted.size
  const files = openStoreFiles({ directory, storeId: 'demo' })
  try {
    const ids = readLog(files.eventlog).map(({ event }) => event.id)
    const dead = files.eventlog
      .prepare('SELECT eventId FROM __headwater_rejected')
      .all()
      .map(([id]) => String(id))
    expect(new Set(ids).size).toBe(ids.length)
    const places = new Set([...ids, ...dead])
    return [...acknowledged.persisted].filter((id) => !places.has(id)).length
  } finally {
    files.close()
  }
}

test(`processes killed at random moments lose nothing (seed ${seed})`, { timeout: 300_000 }, async () => {
  const folder = temporaryFolder()
  const bundled = await bundleProcesses(folder, {
    KillClient: new URL('./KillClient.ts', import.meta.url),
    KillServer: new URL('./KillServer.ts', import.meta.url),
  })
  const data = join(folder, 'server')
  mkdirSync(data)
  let isOver = false
  const running = new Set<ChildProcess>()
  afterThis(() => {
    isOver = true
    for (const child of running) child.kill('SIGKILL')
  })

  const start = (name: string, options: object): ChildProcess => {
    const child = fork(bundled(name), [JSON.stringify(options)], {
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    running.add(child)
    child.once('exit', () => running.delete(child))
    return child
  }
  const ended = (child: ChildProcess): Promise<void> =>
    new Promise((resolve) => void child.once('exit', () => resolve()))
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

  // ------------------------------------------------------------------------------------------------------- server
  let port = 0
  const startServerProcess = async (): Promise<ChildProcess> => {
    const child = start('KillServer', { data, port })
    const message = await new Promise<{ readonly port: number }>((resolve, reject) => {
      child.once('message', (told) => resolve(told as { readonly port: number }))
      child.once('exit', (code) => reject(new Error(`the server ended with ${code} (seed ${seed})`)))
    })
    port = message.port
    return child
  }
  let server = await startServerProcess()
  const killServer = async (): Promise<void> => {
    const gone = ended(server)
    server.kill('SIGKILL')
    await gone
    count.server++
    server = await startServerProcess()
  }

  // ------------------------------------------------------------------------------------------------------ clients
  const problems: Array<string> = []
  const listen = (client: Client, child: ChildProcess): void => {
    const { persisted, synced, confirmed } = client.acknowledged
    child.on('message', (told) => {
      const message = told as FromKillClient
      if (message.is === 'open') client.opened++
      if (message.is === 'unsound') problems.push(`client ${client.index}, life ${client.lives}: ${message.why}`)
      if (message.is !== 'persisted' && message.is !== 'confirmed') return
      for (const id of message.ids) persisted.add(id)
      if (message.is === 'persisted') for (const id of message.synced) synced.add(id)
      else for (const id of message.synced) confirmed.add(id)
    })
  }
  const startClient = (client: Client): ChildProcess => {
    const options: KillClientOptions = {
      directory: client.directory,
      url: `http://127.0.0.1:${port}`,
      seed: seed * 100_000 + client.index * 10_000 + client.lives++,
      leader: client.lives % 2 === 0 ? 'worker' : 'same-thread',
      workerUrl: pathToFileURL(bundled('LeaderWorker')).href,
    }
    const child = start('KillClient', options)
    listen(client, child)
    client.child = child
    return child
  }
  const opening = (child: ChildProcess): Promise<void> =>
    new Promise((resolve) => {
      child.on('message', (told) => (told as FromKillClient).is === 'open' && resolve())
      child.once('exit', () => resolve())
    })

  /** Until it is open and has told that often that something is persisted, or has ended. */
  const persisted = (child: ChildProcess, times: number): Promise<void> =>
    new Promise((resolve) => {
      let told = -1
      child.on('message', (message) => {
        const { is } = message as FromKillClient
        if ((is === 'open' || is === 'persisted') && ++told >= times) resolve()
      })
      child.once('exit', () => resolve())
    })

  const live = async (client: Client): Promise<void> => {
    const random = seededRandom(seed * 31 + client.index)
    while (!isOver && problems.length === 0 && count.client + count.server < killsMin) {
      const child = startClient(client)
      const gone = ended(child)
      // One in four dies while it opens, the others while they work.
      if (random() < 0.25) await wait(250 * random())
      else {
        await persisted(child, Math.floor(8 * random()))
        await wait(30 * random())
      }
      child.kill('SIGKILL')
      await gone
      count.client++
      count.reopenings++
      count.lost += checkFiles(client)
    }
  }

  const clients = Array.from({ length: clientsCount }, (_, index): Client => ({
    index,
    directory: join(folder, `client-${index}`),
    child: null,
    lives: 0,
    opened: 0,
    acknowledged: { persisted: new Set(), synced: new Set(), confirmed: new Set() },
  }))
  const random = seededRandom(seed)
  const haunt = async (): Promise<void> => {
    while (!isOver && problems.length === 0 && count.client + count.server < killsMin) {
      await wait(300 + 1200 * random())
      await killServer()
    }
  }
  await Promise.all([...clients.map(live), haunt()])
  expect(problems, `seed ${seed}`).toEqual([])
  expect(count.lost, `acknowledged events that are gone (seed ${seed})`).toBe(0)

  // --------------------------------------------------------------------------------------------------------- peace
  const answered = (child: ChildProcess, is: FromKillClient['is']): Promise<FromKillClient> =>
    new Promise((resolve, reject) => {
      child.on('message', (told) => (told as FromKillClient).is === is && resolve(told as FromKillClient))
      child.once('exit', (code) =>
        reject(new Error(`a client ended with ${code} before it was ${is} (seed ${seed}): ${problems.join('; ')}`)),
      )
    })
  const say = (child: ChildProcess, message: ToKillClient): void => void child.send(message)
  const children = clients.map(startClient)
  await Promise.all(children.map(opening))
  await Promise.all(
    children.map(async (child) => {
      const quiet = answered(child, 'quiet')
      say(child, { is: 'quiet' })
      await quiet
    }),
  )
  const reader = await createStore({
    schema,
    storeId: 'demo',
    adapter: memoryAdapter(),
    backend: httpBackend({ url: `http://127.0.0.1:${port}` }),
    log: () => undefined,
  })
  afterThis(() => reader.close())
  await reader.until(({ isSynced }) => isSynced)
  const image = openBetterSqlite({ image: await reader.export() })
  const log = readLog(image)
  image.close()
  const expected = fold(log)
  const inServer = log.map(({ event }) => event.id)
  expect(new Set(inServer).size).toBe(inServer.length)
  const tables = await Promise.all(
    children.map(async (child) => {
      const finished = answered(child, 'finished')
      const gone = ended(child)
      say(child, { is: 'finish', head: log.length })
      const message = await finished
      await gone
      return message.is === 'finished' ? (JSON.parse(message.tables) as ReturnType<typeof fold>).todos : []
    }),
  )
  for (const shown of tables) expect(shown, `seed ${seed}`).toEqual(expected.todos)

  for (const client of clients) {
    count.lost += checkFiles(client)
    const server_ = new Set(inServer)
    const { synced, confirmed } = client.acknowledged
    count.lost += [...synced, ...confirmed].filter((id) => !server_.has(id)).length
  }
  const acknowledged = clients.reduce((sum, client) => sum + client.acknowledged.persisted.size, 0)
  process.stdout.write(
    `PROOF kills=${count.client + count.server} server_kills=${count.server} reopenings=${count.reopenings + count.server} acknowledged=${acknowledged} logged=${log.length} lost=${count.lost} seed=${seed}\n`,
  )
  expect(problems).toEqual([])
  expect(count.lost, `acknowledged events that are gone (seed ${seed})`).toBe(0)
  expect(count.client + count.server).toBeGreaterThanOrEqual(killsMin)
  // Otherwise it was never killed at work.
  expect(acknowledged).toBeGreaterThan(killsMin)
})
