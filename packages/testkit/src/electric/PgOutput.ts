/**
 * The messages of PostgreSQL's logical replication, as its plugin `pgoutput` writes them (protocol version 1).
 *
 * | First byte | Message  | Fields                                                                   |
 * | ---------- | -------- | ------------------------------------------------------------------------ |
 * | `B`        | begin    | LSN of the commit, its time, xid                                         |
 * | `C`        | commit   | flags, LSN of the commit, LSN behind it, its time                        |
 * | `R`        | relation | oid, schema, table, replica identity, columns (flags, name, type, mod)    |
 * | `I`        | insert   | oid, `N`, tuple                                                          |
 * | `U`        | update   | oid, `K` or `O` and the old tuple where there is one, `N`, tuple         |
 * | `D`        | delete   | oid, `K` or `O`, old tuple                                               |
 * | `T`        | truncate | count, options, oids                                                     |
 * | `M`        | message  | flags, LSN, prefix, content                                              |
 *
 * A tuple is a count, then per column `n` (NULL), `u` (a large value that did not change), or `t` with length and text.
 *
 * **Source**  PostgreSQL 18 documentation, section 54.9, "Logical Replication Message Formats".
 */

/** Values as PostgreSQL's text; `null` is NULL, `undefined` a large value that did not change. */
export type PgTuple = ReadonlyArray<string | null | undefined>

export interface PgRelation {
  readonly oid: number
  readonly schema: string
  readonly table: string
  readonly columns: ReadonlyArray<string>
}

export type PgOutputMessage =
  | { readonly _tag: 'begin'; readonly lsn: bigint; readonly xid: bigint }
  | { readonly _tag: 'commit'; readonly lsn: bigint; readonly endLsn: bigint }
  | { readonly _tag: 'relation'; readonly relation: PgRelation }
  | PgChange
  | { readonly _tag: 'message'; readonly prefix: string; readonly content: string }
  | { readonly _tag: 'other' }

/** What a transaction does to rows. `old` is whole where the table's replica identity is FULL. */
export type PgChange =
  | { readonly _tag: 'insert'; readonly oid: number; readonly row: PgTuple }
  | { readonly _tag: 'update'; readonly oid: number; readonly old: PgTuple | undefined; readonly row: PgTuple }
  | { readonly _tag: 'delete'; readonly oid: number; readonly old: PgTuple }
  | { readonly _tag: 'truncate'; readonly oids: ReadonlyArray<number> }

/** Reads one message. **Fails with** a `RangeError` if it ends too early. */
export const readPgOutput = (bytes: Buffer): PgOutputMessage => {
  const reader = new MessageReader(bytes)
  switch (reader.letter()) {
    case 'B': {
      const lsn = reader.int64()
      reader.int64()
      return { _tag: 'begin', lsn, xid: BigInt(reader.uint32()) }
    }
    case 'C':
      reader.int8()
      return { _tag: 'commit', lsn: reader.int64(), endLsn: reader.int64() }
    case 'R':
      return { _tag: 'relation', relation: readRelation(reader) }
    case 'I': {
      const oid = reader.uint32()
      reader.letter()
      return { _tag: 'insert', oid, row: reader.tuple() }
    }
    case 'U':
      return readUpdate(reader)
    case 'D': {
      const oid = reader.uint32()
      reader.letter()
      return { _tag: 'delete', oid, old: reader.tuple() }
    }
    case 'T': {
      const count = reader.uint32()
      reader.int8()
      return { _tag: 'truncate', oids: Array.from({ length: count }, () => reader.uint32()) }
    }
    case 'M':
      reader.int8()
      reader.int64()
      return { _tag: 'message', prefix: reader.string(), content: reader.text(reader.uint32()) }
    default:
      return { _tag: 'other' }
  }
}

const readRelation = (reader: MessageReader): PgRelation => {
  const oid = reader.uint32()
  const [schema, table] = [reader.string(), reader.string()]
  reader.int8()
  const columns = Array.from({ length: reader.int16() }, () => {
    reader.int8()
    const name = reader.string()
    reader.uint32()
    reader.uint32()
    return name
  })
  return { oid, schema, table, columns }
}

const readUpdate = (reader: MessageReader): PgOutputMessage => {
  const oid = reader.uint32()
  let old: PgTuple | undefined
  if (reader.letter() !== 'N') {
    old = reader.tuple()
    reader.letter()
  }
  return { _tag: 'update', oid, old, row: reader.tuple() }
}

class MessageReader {
  #at = 0
  readonly #bytes: Buffer
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }
  letter(): string {
    return String.fromCharCode(this.int8())
  }
  int8(): number {
    return this.#bytes.readUInt8(this.#skip(1))
  }
  int16(): number {
    return this.#bytes.readInt16BE(this.#skip(2))
  }
  uint32(): number {
    return this.#bytes.readUInt32BE(this.#skip(4))
  }
  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#skip(8))
  }
  text(length: number): string {
    const at = this.#skip(length)
    return this.#bytes.toString('utf8', at, at + length)
  }
  /** Up to the next zero byte. */
  string(): string {
    const end = this.#bytes.indexOf(0, this.#at)
    const text = this.text(end - this.#at)
    this.#skip(1)
    return text
  }
  tuple(): PgTuple {
    return Array.from({ length: this.int16() }, () => {
      const kind = this.letter()
      if (kind === 'n') return null
      return kind === 'u' ? undefined : this.text(this.uint32())
    })
  }
  #skip(length: number): number {
    const at = this.#at
    this.#at += length
    return at
  }
}
