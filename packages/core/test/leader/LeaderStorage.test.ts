import { expect, test } from 'vitest'
import { openBetterSqlite } from '../../../adapter-node/src/BetterSqliteConnection.ts'
import { memoryLeaderStorage } from '../../src/leader/MemoryLeaderStorage.ts'
import type { LeaderMessage, StorageStatus } from '../../src/channel/LeaderMessage.ts'
import { systemEnvironment } from '../../src/environment/SystemEnvironment.ts'
import { Leader } from '../../src/leader/Leader.ts'
import type { LeaderStorage } from '../../src/leader/LeaderStorage.ts'
import { formatVersion, stateApplicationId } from '../../src/sqlite/SystemTables.ts'

const inMemory = (): LeaderStorage =>
  memoryLeaderStorage((image) => openBetterSqlite(image === undefined ? {} : { image }))

const leaderOf = (storage: LeaderStorage): Leader => new Leader({ environment: systemEnvironment(), storage })

test('a state that is damaged is closed before another one takes its place', async () => {
  let isOpen = false
  const broken = openBetterSqlite()
  // What a state says it is, without the columns of its head.
  broken.exec(`PRAGMA application_id = ${stateApplicationId}; PRAGMA user_version = ${formatVersion};
    CREATE TABLE __headwater_state_head (id INTEGER)`)
  const openState = () => {
    isOpen = true
    const close = (): void => {
      isOpen = false
      broken.close()
    }
    return { ...broken, close }
  }
  const leader = leaderOf({ ...inMemory(), openState })
  expect(isOpen).toBe(false)
  await leader.close()
})

test('a new log starts above the term that its storage names, and goes on from there', async () => {
  const log = openBetterSqlite()
  const storage = { ...inMemory(), openEventlog: () => ({ ...log, close: () => undefined }) }
  for (const [newLogTerm, term] of [
    [1000, 1001],
    [5000, 1002],
  ] as const) {
    const leader = leaderOf({ ...storage, newLogTerm })
    expect(leader.term).toBe(term)
    await leader.close()
  }
})

test('sessions are told of the storage behind hello, and when it changes', async () => {
  let status: StorageStatus = { kind: 'files', warnings: [{ tag: 'Evictable', message: 'may go' }] }
  let change = (): void => undefined
  const source = { current: () => status, onChange: (listener: () => void) => void (change = listener) }
  const leader = leaderOf({ ...inMemory(), status: source })
  const messages: Array<LeaderMessage> = []
  leader.connect((message) => void messages.push(message))
  expect(messages.map(({ _tag }) => _tag)).toEqual(['hello', 'storage'])
  status = { kind: 'files', warnings: [] }
  change()
  expect(messages.at(-1)).toEqual({ _tag: 'storage', term: 1, storage: status })
  await leader.close()
})
