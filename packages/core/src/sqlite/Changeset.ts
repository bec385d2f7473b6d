/**
 * A changeset: the row changes of one event as bytes. It undoes the event on the database that captured it, applies it
 * on the leader's, undoes it there as well, and its hash tells whether two materializations of an event did the same.
 *
 * | Bytes    | Field                                                                                                  |
 * | -------- | ------------------------------------------------------------------------------------------------------ |
 * | 1        | version of this format: 1                                                                              |
 * | then, for each change in the order in which the rows changed:                                                     |
 * | count    | table number * 4 + kind; kind 0 insert, 1 update, 2 delete. Tables are numbered in order of first use  |
 * | –        | for a number not used before: the table's name (a TEXT value) and its width (count): values in a row   |
 * | values   | insert: the row after; update: the row before; delete: the row before                                  |
 * | mask     | update only: one bit per value of the row, ceil(width / 8) bytes, low bit first: set if it changed      |
 * | values   | update only: the changed values after, in row order                                                    |
 *
 * Values and counts are those of ChangesetBytes.ts; a row is that of RowChange.ts, so a width one above the number of
 * columns says that the rowid is recorded.
 *
 * Valid if: (1) the version is known; (2) a table number is at most the count of tables named so far; (3) the name is a
 * table of the schema and its width fits; (4) an update's mask is neither empty nor wider than the row; (5) nothing is
 * left over. No changes at all are 0 bytes. An update that changed nothing is not written.
 *
 * Numbers: an insert into a todo list (id, text, flag) takes about 50 bytes; writing it about 0.3 µs.
 */
import type { TableDescriptor } from '../schema/SchemaDescriptor.ts'
import {
  type ChangesetReader,
  finishWriting,
  makeChangesetReader,
  setBits,
  startWriting,
  truncateTo,
  writeCount,
  writeValue,
  writeZeros,
  writtenLength,
} from './ChangesetBytes.ts'
import { type Row, type RowChange, isSameValue } from './RowChange.ts'

export { ChangesetMalformed } from './ChangesetBytes.ts'

const formatVersion = 1
/** Also the lowest two bits of a change's first count. */
export const kindNumber = { insert: 0, update: 1, delete: 2 } as const

/** Tables of the changeset being written, in order of first use; nearly always one. */
let named: Array<TableDescriptor> = []

/** Begins a changeset in the writer that all of this thread share. */
export const startChangeset = (): void => {
  startWriting()
  named = []
}

/** The changeset since {@link startChangeset}: a copy that the caller owns, 0 bytes without changes. */
export const finishChangeset = (): Uint8Array => finishWriting()

/**
 * Writes one change.
 *
 * **Shape**  `values[from …]` are the row (insert, delete), or the row before and then the row after (update); each has
 * `width` values.
 */
export const writeChange = (
  table: TableDescriptor,
  kind: 0 | 1 | 2,
  values: Row,
  from: number,
  width: number,
): void => {
  const start = writtenLength()
  const tablesBefore = named.length
  writeChangeHead(table, kind, width)
  for (let index = from; index < from + width; index++) writeValue(values[index]!)
  if (kind !== 1 || writeAfterValues(values, from, width)) return
  truncateTo(start)
  named.length = tablesBefore
}

const writeChangeHead = (table: TableDescriptor, kind: number, width: number): void => {
  if (writtenLength() === 0) writeCount(formatVersion)
  let number = named.indexOf(table)
  if (number >= 0) {
    writeCount(number * 4 + kind)
    return
  }
  number = named.push(table) - 1
  writeCount(number * 4 + kind)
  writeValue(table.name)
  writeCount(width)
}

/** Mask and changed values of an update; `false` when nothing changed. */
const writeAfterValues = (values: Row, from: number, width: number): boolean => {
  const mask = writeZeros((width + 7) >> 3)
  let isChanged = false
  for (let index = 0; index < width; index++) {
    const after = values[from + width + index]!
    if (isSameValue(values[from + index], after)) continue
    isChanged = true
    setBits(mask + (index >> 3), 1 << (index & 7))
    writeValue(after)
  }
  return isChanged
}

/** Encodes row changes; no change at all, or only updates that change nothing, are 0 bytes. */
export const encodeChangeset = (changes: ReadonlyArray<RowChange>): Uint8Array => {
  startChangeset()
  for (const change of changes) {
    const { table } = change
    if (change.kind === 'insert') writeChange(table, 0, change.after, 0, change.after.length)
    else if (change.kind === 'delete') writeChange(table, 2, change.before, 0, change.before.length)
    else writeChange(table, 1, [...change.before, ...change.after], 0, change.before.length)
  }
  return finishChangeset()
}

/**
 * Decodes a changeset of these tables; the values are copies.
 *
 * **Fails with** `ChangesetMalformed`.
 */
export const decodeChangeset = (
  bytes: Uint8Array,
  tables: ReadonlyArray<TableDescriptor>,
): ReadonlyArray<RowChange> => {
  const changes: Array<RowChange> = []
  if (bytes.length === 0) return changes
  const reader = makeChangesetReader(bytes)
  const version = reader.readCount()
  if (version !== formatVersion) throw reader.malformed(`format version ${version}, only ${formatVersion} is known`)
  const known: Array<KnownTable> = []
  while (!reader.isAtEnd()) {
    const head = reader.readCount()
    const number = Math.floor(head / 4)
    if (number === known.length) known.push(readTable(reader, tables))
    const table = known[number]
    if (table === undefined) throw reader.malformed(`table number ${number} before ${known.length}`)
    changes.push(readChange(reader, head % 4, table))
  }
  return changes
}

interface KnownTable {
  readonly table: TableDescriptor
  readonly width: number
}

const readTable = (reader: ChangesetReader, tables: ReadonlyArray<TableDescriptor>): KnownTable => {
  const name = reader.readValue()
  const width = reader.readCount()
  const table = tables.find((candidate) => candidate.name === name)
  if (table === undefined) throw reader.malformed(`no table ${JSON.stringify(String(name))}`)
  const columns = table.columns.length
  if (width !== columns && (width !== columns + 1 || table.isWithoutRowid)) {
    throw reader.malformed(`rows of ${table.name} have ${width} values, the table has ${columns} columns`)
  }
  return { table, width }
}

const readChange = (reader: ChangesetReader, kind: number, { table, width }: KnownTable): RowChange => {
  const row: Array<Row[number]> = []
  for (let index = 0; index < width; index++) row.push(reader.readValue())
  switch (kind) {
    case kindNumber.insert:
      return { kind: 'insert', table, before: undefined, after: row }
    case kindNumber.delete:
      return { kind: 'delete', table, before: row, after: undefined }
    case kindNumber.update:
      return { kind: 'update', table, before: row, after: readAfter(reader, row) }
    default:
      throw reader.malformed(`no kind of change ${kind}`)
  }
}

const readAfter = (reader: ChangesetReader, before: Row): Row => {
  const mask: Array<number> = []
  for (let index = 0; index < before.length; index += 8) mask.push(reader.readByte())
  const after = before.slice()
  let bits = 0
  for (let index = 0; index < before.length; index++) {
    if ((mask[index >> 3]! & (1 << (index & 7))) === 0) continue
    bits++
    after[index] = reader.readValue()
  }
  const isTooWide = (before.length & 7) !== 0 && mask.at(-1)! >> (before.length & 7) !== 0
  if (bits === 0 || isTooWide) throw reader.malformed('an update with a wrong mask')
  return after
}

/**
 * A 64-bit hash of a changeset as 16 hex digits: the same bytes, the same text, on every platform. It detects
 * materializers that did different things and bytes that decayed; whoever wants to can construct a collision, so it
 * is no security boundary.
 *
 * **Source**  two lanes with the mixing of MurmurHash3 (Austin Appleby, public domain), 8 bytes a round.
 */
export const hashChangeset = (bytes: Uint8Array): string => {
  const { length } = bytes
  let [a, b] = [0x9747b28c ^ length, 0x3c6ef372 ^ length]
  let index = 0
  for (; index + 8 <= length; index += 8) {
    a = mixLane(a, b, fourBytes(bytes, index), 0x239b961b)
    b = mixLane(b, a, fourBytes(bytes, index + 4), 0xab0e9789)
  }
  // The tail, filled up with zeros: the length is part of the start, so no two tails are the same.
  a = mixLane(a, b, fourBytes(bytes, index), 0x239b961b)
  b = mixLane(b, a, fourBytes(bytes, index + 4), 0xab0e9789)
  a = finalMix((a + b) | 0)
  b = finalMix((b + a) | 0)
  a = (a + b) | 0
  return hex(a) + hex(b)
}

/** Beyond the end `undefined` counts as 0. */
const fourBytes = (bytes: Uint8Array, index: number): number =>
  bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24)

const mixLane = (lane: number, other: number, word: number, factor: number): number => {
  const mixed = Math.imul(word, factor)
  const turned = lane ^ Math.imul((mixed << 15) | (mixed >>> 17), 0x38b34ae5)
  return (Math.imul(((turned << 13) | (turned >>> 19)) + other, 5) + 0x561ccd1b) | 0
}

/** MurmurHash3's finalizer: every bit of the input changes every bit of the output with probability 1/2. */
const finalMix = (lane: number): number => {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, '0')
