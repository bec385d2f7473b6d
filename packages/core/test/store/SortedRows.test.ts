import { expect, test } from 'vitest'
import type { RowList } from '../../src/store/RowList.ts'
import { SortedRows } from '../../src/store/SortedRows.ts'
import { makeRandom } from '../query/Random.ts'

test('is a sorted array to whoever looks; lists of before stay as they were', () => {
  const random = makeRandom(20261122)
  const order = (a: ReadonlyArray<unknown>, b: ReadonlyArray<unknown>): number => Number(a[0]) - Number(b[0])
  let keys = Array.from({ length: 3000 }, (_, index) => index * 2)
  const sorted = new SortedRows(
    order,
    keys.map((key) => [key]),
    keys.map(String),
  )
  let expected = keys.map(String)
  const lists: Array<{ readonly list: RowList<unknown>; readonly rows: ReadonlyArray<string> }> = []
  let times = 0
  for (let step = 0; step < 600; step++) {
    // Whole stretches come and go, so that chunks split and empty.
    const [start, count] = [random.int(7000), random.pick([1, 1, 1, 5, 300])]
    const isInsert = random.int(2) === 0
    for (let key = start; key < start + count; key++) {
      const isThere = sorted.indexOf([key]) >= 0
      if (isThere === isInsert) {
        if (isInsert) sorted.replace([key], `${key}r${step}`)
        continue
      }
      if (isInsert) sorted.insert([key], `${key}i${step}`)
      else sorted.remove([key])
    }
    const inRange = (key: number): boolean => key >= start && key < start + count
    const before = new Map(keys.map((key, index) => [key, expected[index]!]))
    const range = Array.from({ length: count }, (_, index) => start + index)
    keys = [...keys.filter((key) => !inRange(key)), ...(isInsert ? range : [])].sort((a, b) => a - b)
    expected = keys.map((key) => {
      if (!inRange(key)) return before.get(key)!
      return before.has(key) ? `${key}r${step}` : `${key}i${step}`
    })
    if (random.int(20) === 0) {
      const length = random.int(expected.length + 1)
      sorted.truncate(length)
      keys.length = length
      expected.length = length
    }
    if (random.int(4) === 0) {
      const [from, to] = [random.int(expected.length + 10) - 5, random.int(expected.length + 10)]
      lists.push({ list: sorted.list(from, to), rows: expected.slice(Math.max(from, 0), Math.max(from, to, 0)) })
      lists.push({ list: sorted.list(), rows: expected.slice() })
    }
    const index = random.int(expected.length + 1)
    expect(sorted.length).toBe(expected.length)
    expect(sorted.storedAt(index)?.[0]).toBe(keys[index])
    if (index < keys.length) {
      expect(sorted.indexOf([keys[index]!])).toBe(index)
      expect(sorted.rowOf([keys[index]!])).toBe(expected[index])
    }
    expect(sorted.rowOf([-1])).toBe(undefined)
  }
  for (const { list, rows } of lists) {
    expect(list.length).toBe(rows.length)
    for (const at of [0, -1, random.int(rows.length + 1), -rows.length - 1, 0.5]) expect(list.at(at)).toBe(rows.at(at))
    const [from, to] = [random.int(rows.length + 9) - 4, random.int(rows.length + 9) - 4]
    expect(list.slice(from, to)).toEqual(rows.slice(from, to))
    expect([...list]).toEqual(rows)
    expect(list.toArray()).toEqual(rows)
    times++
  }
  expect(times).toBeGreaterThan(200)
})

test('rows that are there twice, or not at all, are refused', () => {
  const sorted = new SortedRows((a, b) => Number(a[0]) - Number(b[0]), [[1]], ['a'])
  expect(() => sorted.insert([1], 'b')).toThrow(RangeError)
  expect(() => sorted.remove([2])).toThrow(RangeError)
  expect(() => sorted.replace([0], 'b')).toThrow(RangeError)
  sorted.remove([1])
  expect(sorted.length).toBe(0)
  expect(sorted.list().at(0)).toBe(undefined)
  sorted.insert([3], 'c')
  expect(sorted.list().toArray()).toEqual(['c'])
})
