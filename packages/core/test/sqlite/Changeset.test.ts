import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TableDescriptor } from '../../src/schema/SchemaDescriptor.ts'
import { ChangesetMalformed, decodeChangeset, encodeChangeset, hashChangeset } from '../../src/sqlite/Changeset.ts'
import { type Row, type RowChange, invertChanges, isSameRow } from '../../src/sqlite/RowChange.ts'
import type { SqliteValue } from '../../src/sqlite/SqliteConnection.ts'
import { rowText } from './ChangesetTables.ts'

const makeTable = (name: string, width: number): TableDescriptor => ({
  name,
  columns: Array.from({ length: width }, (_, index) => ({ name: `c${index}`, affinity: 'BLOB' })),
  primaryKey: [],
  isWithoutRowid: false,
  isClientOnly: false,
  createSql: [],
})
const tables = [makeTable('one', 1), makeTable('täble "2"', 8), makeTable('wide', 17)]
const [one] = tables as [TableDescriptor, ...Array<TableDescriptor>]

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const widths = [7n, 8n, 15n, 16n, 31n, 32n, 53n, 63n].flatMap((bits) => [2n ** bits - 1n, -(2n ** bits)])
const value: fc.Arbitrary<SqliteValue> = fc.oneof(
  fc.constant(null),
  int64,
  fc.constantFrom(...widths),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'grapheme', maxLength: 150 }),
  fc.string({ maxLength: 70 }),
  fc.uint8Array({ maxLength: 90 }).map((bytes) => new Uint8Array(bytes)),
)
/** With or without a rowid at the end. */
const change: fc.Arbitrary<RowChange> = fc
  .tuple(fc.constantFrom(...tables), fc.boolean())
  .chain(([table, hasRowid]) => {
    const length = table.columns.length + (hasRowid ? 1 : 0)
    const row: fc.Arbitrary<Row> = fc.array(value, { minLength: length, maxLength: length })
    const pair = fc.tuple(row, row, fc.array(fc.boolean(), { minLength: length, maxLength: length }))
    return fc.tuple(fc.integer({ min: 0, max: 2 }), pair).map(([kind, [before, other, mask]]): RowChange => {
      if (kind === 0) return { kind: 'insert', table, before: undefined, after: before }
      if (kind === 2) return { kind: 'delete', table, before, after: undefined }
      return {
        kind: 'update',
        table,
        before,
        after: before.map((kept, index) => (mask[index]! ? other[index]! : kept)),
      }
    })
  })
// A table has the same width in all its changes.
const changes = fc.array(change, { maxLength: 12 }).map((list) => {
  const widthOf = new Map<string, number>()
  return list.filter((item) => {
    const width = (item.before ?? item.after)!.length
    const known = widthOf.get(item.table.name) ?? width
    widthOf.set(item.table.name, known)
    return known === width
  })
})

const textOf = (list: ReadonlyArray<RowChange>): ReadonlyArray<string> =>
  list.map(
    ({ kind, table, before, after }) => `${kind} ${table.name} ${before && rowText(before)} ${after && rowText(after)}`,
  )
const isEffective = (item: RowChange): boolean => item.kind !== 'update' || !isSameRow(item.before, item.after)

describe('changeset bytes', () => {
  it('decodes to what was encoded, storage classes and bits included, without updates that change nothing', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const effective = list.filter(isEffective)
        const bytes = encodeChangeset(list)
        expect(textOf(decodeChangeset(bytes, tables))).toEqual(textOf(effective))
        expect(encodeChangeset(decodeChangeset(bytes, tables.toReversed()))).toEqual(bytes)
        expect(hashChangeset(encodeChangeset(effective))).toBe(hashChangeset(bytes))
        expect(textOf(invertChanges(invertChanges(list)))).toEqual(textOf(list))
      }),
      { numRuns: 2000 },
    )
    console.log('PROOF changeset_codec_runs=2000')
  })

  it('is empty when nothing changed', () => {
    expect(encodeChangeset([]).length).toBe(0)
    expect(encodeChangeset([{ kind: 'update', table: one, before: [1n, 'a'], after: [1n, 'a'] }]).length).toBe(0)
    expect(decodeChangeset(new Uint8Array(0), tables)).toEqual([])
  })

  it('keeps the documented layout', () => {
    const bytes = encodeChangeset([
      { kind: 'insert', table: one, before: undefined, after: ['ab', 5n] },
      { kind: 'update', table: one, before: ['ab', 5n], after: ['ab', 300n] },
      { kind: 'delete', table: one, before: [null, -1n], after: undefined },
    ])
    const expected = '01 00 43 6f6e65 02 42 6162 85  01 42 6162 85 02 05 2c01  02 00 04 ff'
    expect(Buffer.from(bytes).toString('hex')).toBe(expected.replaceAll(' ', ''))
  })

  it('writes large values and gives the buffer back', () => {
    const row = ['€'.repeat(900_000), new Uint8Array(2_000_000).fill(3)]
    const list: ReadonlyArray<RowChange> = [{ kind: 'insert', table: one, before: undefined, after: row }]
    expect(textOf(decodeChangeset(encodeChangeset(list), tables))).toEqual(textOf(list))
    expect(encodeChangeset([]).length).toBe(0)
  })

  it('refuses every truncation and survives every flipped byte with a typed error or a decoded changeset', () => {
    fc.assert(
      fc.property(changes, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, position, flip) => {
        const bytes = encodeChangeset(list)
        if (bytes.length === 0) return
        // A cut between two changes leaves a valid, shorter changeset.
        const cut = decodeOrMalformed(bytes.subarray(0, position % bytes.length))
        if (cut !== undefined) expect(cut.length).toBeLessThan(list.length)
        const flipped = bytes.slice()
        flipped[position % bytes.length]! ^= flip
        decodeOrMalformed(flipped)
        expect(hashChangeset(flipped)).not.toBe(hashChangeset(bytes))
      }),
      { numRuns: 3000 },
    )
  })

  it('names what it does not know', () => {
    const bytes = encodeChangeset([{ kind: 'insert', table: one, before: undefined, after: [1n] }])
    expect(() => decodeChangeset(bytes, tables.slice(1))).toThrow('no table "one"')
    expect(() => decodeChangeset(bytes, [makeTable('one', 3)])).toThrow('1 values, the table has 3 columns')
    expect(() => decodeChangeset(new Uint8Array([2, ...bytes.subarray(1)]), tables)).toThrow('format version 2')
    expect(() => decodeChangeset(new Uint8Array([...bytes, 0]), tables)).toThrow(ChangesetMalformed)
  })

  it('hashes 200,000 close neighbours without a collision, half of the bits changing', () => {
    const seen = new Set<string>()
    let changedBits = 0
    const bytes = new Uint8Array(24)
    const view = new DataView(bytes.buffer)
    let last = 0n
    for (let index = 0; index < 200_000; index++) {
      view.setUint32((index % 6) * 4, index, true)
      const hash = hashChangeset(bytes)
      seen.add(hash)
      const bits = BigInt(`0x${hash}`)
      changedBits += (bits ^ last).toString(2).replaceAll('0', '').length
      last = bits
    }
    expect(seen.size).toBe(200_000)
    expect(Math.abs(changedBits / 200_000 - 32)).toBeLessThan(0.2)
    expect(new Set([0, 1, 2, 7, 8, 9, 16].map((length) => hashChangeset(new Uint8Array(length)))).size).toBe(7)
  })
})

const decodeOrMalformed = (bytes: Uint8Array): ReadonlyArray<RowChange> | undefined => {
  try {
    return decodeChangeset(bytes, tables)
  } catch (error) {
    expect(error).toBeInstanceOf(ChangesetMalformed)
    return undefined
  }
}
