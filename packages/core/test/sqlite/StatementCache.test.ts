import { expect, test } from 'vitest'
import { openBetterSqlite } from '../../../adapter-node/src/BetterSqliteConnection.ts'
import { SqliteError } from '../../src/sqlite/SqliteError.ts'
import { makeStatementCache } from '../../src/sqlite/StatementCache.ts'

test('prepares each text once per mode', () => {
  const cache = makeStatementCache(openBetterSqlite())
  const statement = cache.get('SELECT 1')
  expect(cache.get('SELECT 1')).toBe(statement)
  expect(cache.get('SELECT 1', 'number')).toBe(statement)
  const exact = cache.get('SELECT 1', 'bigint')
  expect(exact).not.toBe(statement)
  expect([statement.get(), exact.get(), cache.size()]).toEqual([[1], [1n], 2])
})

test('finalizes the one used longest ago, in whichever mode', () => {
  const cache = makeStatementCache(openBetterSqlite(), 3)
  const [a, b, c] = [cache.get('SELECT 1'), cache.get('SELECT 2', 'bigint'), cache.get('SELECT 3')]
  cache.get('SELECT 1')
  cache.get('SELECT 4')
  expect(cache.size()).toBe(3)
  expect(() => b.get()).toThrow(SqliteError)
  expect([a.get(), c.get()]).toEqual([[1], [3]])
  expect(cache.get('SELECT 2', 'bigint').get()).toEqual([2n])
})

test('survives texts that do not compile, and clearing', () => {
  const cache = makeStatementCache(openBetterSqlite(), 1)
  const one = cache.get('SELECT 1')
  expect(() => cache.get('SELEC')).toThrow(SqliteError)
  expect([one.get(), cache.size()]).toEqual([[1], 1])
  cache.clear()
  expect(cache.size()).toBe(0)
  expect(() => one.get()).toThrow(SqliteError)
  expect(cache.get('SELECT 1').get()).toEqual([1])
})
