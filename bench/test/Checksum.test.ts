import { expect, test } from 'vitest'
import { Checksum } from '../src/Checksum.ts'

const of = (...texts: ReadonlyArray<string>): string => {
  const checksum = new Checksum()
  for (const text of texts) checksum.add(text)
  return checksum.digest()
}

test('texts have the same checksum if they are the same, in the same order, however they are cut', () => {
  expect(of('one', 'two')).toBe(of('onetwo'))
  expect(of('one', 'two')).not.toBe(of('two', 'one'))
  expect(of()).toMatch(/^[0-9a-f]{16}$/)
})

test('twenty thousand rows that differ in one character have as many checksums', () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => `["00000000-0000-4000-8000-${index}","todo",0]`)
  expect(new Set(rows.map((row) => of(row))).size).toBe(rows.length)
  // Each half by itself tells nearly all of them apart.
  for (const half of [0, 8]) {
    const halves = new Set(rows.map((row) => of(row).slice(half, half + 8)))
    expect(halves.size).toBeGreaterThan(rows.length - 5)
  }
})
