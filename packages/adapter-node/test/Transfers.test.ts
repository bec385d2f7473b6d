/** Bytes that travel between a session and its leader change hands: their sender has none of them afterwards. */
import { MessagePort } from 'node:worker_threads'
import { type Adapter, SqliteError } from '@headwater/core/adapter'
import { type Store, createStore } from '@headwater/core'
import { memoryBackend } from '@headwater/testkit'
import { expect, test } from 'vitest'
import { memoryAdapter, nodeAdapter } from '../src/index.ts'
import { isMessageText } from '../src/MessageText.ts'
import { afterThis, eventually, openStore, temporaryFolder } from './Folder.ts'
import { schema, todoCreated, todos } from './Todos.ts'

interface Posted {
  readonly tag: string
  readonly rows: number
  readonly bytes: number
  readonly isDetached: boolean
}

const bytesIn = (value: unknown): ReadonlyArray<Uint8Array> => {
  if (value instanceof Uint8Array) return value.length > 0 ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(bytesIn) : []
}

/** What every port of this thread posts, until the test ends. */
const watchPorts = (): ReadonlyArray<Posted> => {
  const posted: Array<Posted> = []
  const original = Reflect.get(MessagePort.prototype, 'postMessage') as (...args: ReadonlyArray<unknown>) => void
  const watched = function (this: MessagePort, message: object, ...rest: ReadonlyArray<unknown>): void {
    const carried = bytesIn(message)
    const bytes = carried.reduce((sum, { length }) => sum + length, 0)
    Reflect.apply(original, this, [message, ...rest])
    const said = (isMessageText(message) ? JSON.parse(message.text) : message) as { _tag?: string; rows?: [] }
    const isDetached = carried.every(({ buffer }) => buffer.byteLength === 0)
    posted.push({ tag: said._tag ?? '', rows: said.rows?.length ?? 0, bytes, isDetached })
  }
  MessagePort.prototype.postMessage = watched
  afterThis(() => void (MessagePort.prototype.postMessage = original))
  return posted
}

/** An adapter whose first image cannot be read. */
const withDamagedImage = (adapter: Adapter): Adapter => {
  let isFirst = true
  return {
    ...adapter,
    connect: async (context) => {
      const connection = await adapter.connect(context)
      return {
        ...connection,
        openDatabase: (image) => {
          if (image === undefined || !isFirst) return connection.openDatabase(image)
          isFirst = false
          throw new SqliteError({ reason: 'Corrupt', operation: 'open', code: 'SQLITE_CORRUPT', detail: 'by a test' })
        },
      }
    },
  }
}

const commit = (store: Store, prefix: string, count: number) =>
  store.commit(...Array.from({ length: count }, (_, i) => todoCreated({ id: `${prefix}${i}`, text: 'x'.repeat(100) })))

test('images, changesets and exports are transferred, never cloned; a second session boots from the image alone', async () => {
  const backend = memoryBackend()
  const posted = watchPorts()
  // One thread for all: what the leader posts is seen here, too.
  const directory = temporaryFolder()
  const first = await openStore({ directory, leader: 'same-thread', backend })
  await commit(first, 'own', 300).confirmed
  const foreign = await createStore({ schema, storeId: 'demo', adapter: memoryAdapter(), backend })
  afterThis(() => foreign.close())
  await commit(foreign, 'foreign', 300).confirmed
  await first.until(() => first.query(todos.count()) === 600)
  await first.until(({ isSynced }) => isSynced)
  const exported = await first.export()

  const before = posted.length
  const second = await openStore({ directory, leader: 'same-thread', backend })
  expect(second.query(todos.count())).toBe(600)
  const boot = posted.slice(before)
  expect(boot.filter(({ tag }) => tag === 'subscribed').map(({ bytes }) => bytes > 60_000)).toEqual([true])
  expect(boot.reduce((sum, { rows }) => sum + rows, 0)).toBe(0)

  const third = await createStore({
    schema,
    storeId: 'demo',
    adapter: withDamagedImage(nodeAdapter({ directory, leader: 'same-thread' })),
    backend,
    log: () => undefined,
  })
  afterThis(() => third.close())
  expect(third.query(todos.count())).toBe(600)
  // The state is being made anew; the host has forgotten how its rows came about and sends its database.
  await commit(first, 'more', 1).persisted
  await eventually(() => posted.some(({ tag }) => tag === 'image'), 'the host sends its database')

  const carrying = posted.filter(({ bytes }) => bytes > 0)
  expect(carrying.filter(({ isDetached }) => !isDetached)).toEqual([])
  const bytesOf = (tag: string): number =>
    carrying.filter((message) => message.tag === tag).reduce((sum, { bytes }) => sum + bytes, 0)
  const sums = ['subscribed', 'push', 'ack', 'image', 'response'].map((tag) => [tag, bytesOf(tag)] as const)
  for (const [tag, bytes] of sums) expect(bytes, tag).toBeGreaterThan(10_000)
  expect(bytesOf('response')).toBe(exported.length)
  process.stdout.write(`PROOF ${sums.map(([tag, bytes]) => `transferred_bytes_${tag}=${bytes}`).join(' ')} cloned=0\n`)
})
