/** What tools do with stores' files: find them, see who has them open, hold an eventlog as its leader does. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '@headwater/core'
import { nextPosition } from '@headwater/core/adapter'
import { expect, test } from 'vitest'
import { holdEventlog, listStores, makeEventlog, storeHolder } from '../src/index.ts'
import { storeFolderName, storeIdOfFolder } from '../src/StoreFiles.ts'

import { openStore, temporaryFolder } from './Folder.ts'
import { todoCreated, todos } from './Todos.ts'

const open = (directory: string, storeId: string): Promise<Store> =>
  openStore({ directory, storeId, leader: 'same-thread' })

test('a folder’s name tells its storeId, and no other folder does', () => {
  for (const storeId of ['demo', 'Demo', 'DEMO-1_a', 'con', 'Con', 'lpt1', '_', 'a'.repeat(64)])
    expect(storeIdOfFolder(storeFolderName(storeId)), storeId).toBe(storeId)
  for (const name of ['Demo', 'de mo', 'demo+', '+', 'con', '', 'a'.repeat(65), '+1'])
    expect(storeIdOfFolder(name), name).toBeUndefined()
})

test('the stores of a directory are found with their files, beside whatever else is there', async () => {
  const directory = temporaryFolder()
  writeFileSync(join(directory, 'notes'), '')
  mkdirSync(join(directory, 'empty'))
  expect(listStores(directory)).toEqual([])
  for (const storeId of ['two', 'One']) await (await open(directory, storeId)).close()
  const [one, two] = listStores(directory)
  expect([one?.storeId, two?.storeId]).toEqual(['One', 'two'])
  expect(two).toMatchObject({ newestFormat: 1, state: join(directory, 'two', 'state-v1.db') })
  expect(two?.files.map(({ name }) => name)).toEqual(['eventlog-v1.db', 'lock.db', 'state-v1.db'])
  expect(listStores(join(directory, '+one'))).toEqual([one])
  expect(() => listStores(join(directory, 'none'))).toThrow('ENOENT')
  writeFileSync(join(directory, 'two', 'eventlog-v3.db'), '')
  expect(listStores(directory)[1]).toMatchObject({ newestFormat: 3 })
})

test('who has a store open is told while it has, and looking makes nothing', async () => {
  const directory = temporaryFolder()
  const store = await open(directory, 'demo')
  expect(storeHolder({ directory, storeId: 'demo' })?.pid).toBe(process.pid)
  await store.close()
  expect(storeHolder({ directory, storeId: 'demo' })).toBeNull()
  expect(storeHolder({ directory, storeId: 'other' })).toBeNull()
  expect(existsSync(join(directory, 'other'))).toBe(false)
})

test('an eventlog is held by one at a time, and what is written to it is in the tables when the store is opened', async () => {
  const directory = temporaryFolder()
  const store = await open(directory, 'demo')
  await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
  const at = { directory, storeId: 'demo' }
  expect(() => holdEventlog(at)).toThrow('is open in process')
  await store.close()

  const held = holdEventlog(at)
  expect(() => holdEventlog(at)).toThrow('is open in process')
  const [row] = held.eventlog.page({ global: 0, client: 0 }, 1)
  const event = { ...row!.event, id: 'again', argsJson: '{"id":"2","text":"b"}' }
  held.eventlog.write({ rows: [{ seq: nextPosition(row!.seq, false), event }] })
  held.close()
  expect(held.eventlog.status.term).toBe(2)

  const again = await open(directory, 'demo')
  expect(again.query(todos.orderBy('id')).map(({ text }) => text)).toEqual(['a', 'b'])
  expect(again.status.leader.term).toBe(3)
})

test('a store is made only where there is none, and held only where there is one', async () => {
  const directory = temporaryFolder()
  const at = { directory, storeId: 'demo' }
  expect(() => holdEventlog(at)).toThrow('holds no store of this format')
  for (const tool of [holdEventlog, (outside: typeof at) => makeEventlog({ ...outside, clientId: 'me' })])
    expect(() => tool({ directory, storeId: '../outside' })).toThrow('../outside')
  expect(readdirSync(directory)).toEqual([])
  const made = makeEventlog({ ...at, clientId: 'me' })
  made.close()
  expect(() => makeEventlog({ ...at, clientId: 'you' })).toThrow('already holds a store')
  const store = await open(directory, 'demo')
  expect(store.clientId).toBe('me')
})
