/** Random tables, writes and queries for the property test of live queries. */
import { openBetterSqlite } from '../../../adapter-node/src/BetterSqliteConnection.ts'
import { and, column, defineSchema, or, Schema, sql, table } from '../../src/index.ts'
import type { Query } from '../../src/schema/Query.ts'
import type { StoreSchema } from '../../src/schema/StoreSchema.ts'
import type { SqliteValue } from '../../src/schema/SqliteValue.ts'
import type { AnyTable } from '../../src/schema/TableDefinition.ts'
import { type ChangesetApplier, makeChangesetApplier } from '../../src/sqlite/ChangesetApply.ts'
import { type ChangesetCapture, makeChangesetCapture } from '../../src/sqlite/ChangesetCapture.ts'
import type { SqliteConnection } from '../../src/sqlite/SqliteConnection.ts'
import { SqliteError } from '../../src/sqlite/SqliteError.ts'
import { makeStatementGuard } from '../../src/sqlite/StatementGuard.ts'
import { LiveQueries } from '../../src/store/LiveQueries.ts'
import type { Random } from '../query/Random.ts'

type AnyBuilder = Record<string, (...args: ReadonlyArray<unknown>) => AnyBuilder> & Query<unknown>

/** How many parents there may be: more than a window with what is held beside it. */
const keysMax = 300

/** Few of each, so that values meet; where JavaScript and SQLite could differ. */
export const valuesByKind: Readonly<Record<string, ReadonlyArray<unknown>>> = {
  text: ['', 'a', 'A', 'b', 'B', 'ab', '_', '[', 'Z', 'z', 'ä', 'Ä', '漢', '\uffff', '😀', '0', '10', '9'],
  integer: [0, 1, -1, 2, 3, 255, 2 ** 53 - 1, -(2 ** 53) + 1],
  bigint: [0n, 1n, -1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 62n + 1n, 2n ** 63n - 1n, -(2n ** 63n)],
  real: [0, -0, 0.5, -0.5, 1, 2 ** 53, 2 ** 53 + 2, 1e300, 5e-324],
  boolean: [true, false],
  datetime: [-1, 0, 1.7e12].map((ms) => new Date(ms)),
  blob: [[], [0], [0, 0], [1], [97], [255]].map((bytes) => Uint8Array.from(bytes)),
  json: [{ a: 1 }, [1], 'x', 5, true, { a: 'ä' }],
}
const operandsByKind: Readonly<Record<string, ReadonlyArray<unknown>>> = {
  ...valuesByKind,
  integer: [...valuesByKind['integer']!, 0.5, Infinity],
  real: [...valuesByKind['real']!, Infinity, -Infinity],
}
const kinds = Object.keys(valuesByKind)
const orderedKinds = kinds.filter((kind) => kind !== 'json')
const numericKinds = ['integer', 'bigint', 'real']

export interface World {
  readonly tables: ReadonlyArray<AnyTable>
  readonly live: LiveQueries
  readonly errors: ReadonlyArray<unknown>
  readonly query: (query: Query<unknown>) => unknown
  readonly randomQuery: () => Query<unknown>
  /** One step of a session: a commit, a rebase, a snapshot. Answers what it was. */
  readonly step: () => string
  readonly close: () => void
}

const randomColumns = (random: Random): Record<string, never> => {
  const columns: Record<string, unknown> = {}
  for (let index = 0; index < 2 + random.int(4); index++) {
    const kind = random.pick(kinds) as 'text'
    let made = column[kind]() as ReturnType<typeof column.text>
    if (kind === 'text' && random.int(2) === 0) made = made.collate('NOCASE')
    columns[`${kind}${index}`] = random.int(2) === 0 ? made.nullable() : made
  }
  return columns as Record<string, never>
}

/** The four ways in which a row can be identified. */
const randomParent = (random: Random): AnyTable => {
  const columns = randomColumns(random)
  switch (random.int(4)) {
    case 0:
      return table('parent', { id: column.integer().primaryKey(), ...columns }, { indexes: [] })
    case 1:
      return table('parent', { ...columns, id: column.text().collate('NOCASE').primaryKey() })
    case 2:
      return table(
        'parent',
        { id: column.text().collate('NOCASE').unique(), part: column.integer(), ...columns } as never,
        { primaryKey: ['part', 'id'] as never, withoutRowid: true },
      )
    default:
      return table('parent', { ...columns, id: column.bigint().primaryKey() })
  }
}

const randomChild = (random: Random, parent: AnyTable): AnyTable => {
  const key = parent.definition.columnByName.get('id')!.definition
  const target = () => ({ table: 'parent', name: 'id' })
  const onDelete = random.pick(['CASCADE', 'SET NULL'] as const)
  const onUpdate = random.pick(['CASCADE', 'SET NULL'] as const)
  const made = key.kind === 'text' ? column.text().collate('NOCASE') : column[key.kind as 'integer']()
  const reference = (made as ReturnType<typeof column.text>).nullable().references(target, { onDelete, onUpdate })
  return table('child', { ...randomColumns(random), parent: reference } as never, {
    indexes: random.int(2) === 0 ? [['parent'] as never] : [],
  })
}

export const makeWorld = (random: Random): World => {
  const parent = randomParent(random)
  const tables = [parent, randomChild(random, parent)]
  const schema: StoreSchema = defineSchema({
    version: 1,
    tables: { parent: parent as never, child: tables[1] as never },
    events: {},
    materializers: {},
  })
  const errors: Array<unknown> = []
  let database = openWorldDatabase(schema, undefined)
  const history: Array<Uint8Array> = []

  const run = ({ sql: text, params, integers }: Pick<Query<unknown>, 'sql' | 'params' | 'integers'>) => {
    const statement = database.connection.prepare(text, { integers })
    try {
      return { rows: statement.all(params), columns: statement.columns }
    } finally {
      statement.finalize()
    }
  }
  const live = new LiveQueries({
    run,
    readsOf: (query) =>
      makeStatementGuard(database.connection, schema.tableByName.keys()).readsOf(query.sql, query.params),
    isDeclared: (definition) => schema.tableByName.get(definition.name) === definition,
    onError: (error) => errors.push(error),
  })

  const capture = (write: () => void) => {
    database.capture.begin()
    write()
    const captured = database.capture.take()
    if (captured.bytes.length > 0) history.push(captured.bytes)
    return captured.changes
  }
  const writeSome = (count: number): void => {
    for (let index = 0; index < count; index++) {
      const mark = database.capture.mark()
      if (!tryWrite(database.connection, randomWrite(random, random.pick(tables)))) database.capture.rewind(mark)
    }
  }
  const inTransaction = <A>(body: () => A): A => {
    database.connection.exec('BEGIN')
    const result = body()
    database.connection.exec('COMMIT')
    return result
  }

  const step = (): string => {
    const kind = random.int(12)
    if (kind === 0) {
      const image = database.connection.serialize()
      database.connection.close()
      database = openWorldDatabase(schema, image)
      if (random.int(2) === 0) inTransaction(() => capture(() => writeSome(random.int(6))))
      live.refresh('everything')
      return 'snapshot'
    }
    if (kind <= 2 && history.length > 0) {
      const undone = history.splice(-1 - random.int(3)).reverse()
      const changes = inTransaction(() => {
        const inverse = database.applier.batch(() => undone.flatMap((bytes) => database.applier.applyInverse(bytes)))
        return [() => inverse, ...Array.from({ length: random.int(3) }, () => capture(() => writeSome(random.int(4))))]
      })
      live.refresh(changes)
      return 'rebase'
    }
    const writes = kind === 3 ? 30 : 1 + random.int(3)
    live.refresh([inTransaction(() => capture(() => writeSome(writes)))])
    return 'commit'
  }

  inTransaction(() =>
    capture(() => {
      for (let count = random.int(keysMax); count > 0; count--)
        for (const any of tables) tryWrite(database.connection, randomInsert(random, any))
    }),
  )
  history.length = 0
  return {
    tables,
    live,
    errors,
    query: (query) => {
      const { rows, columns } = run(query)
      return query.decode(rows, columns)
    },
    randomQuery: () => randomQuery(random, tables),
    step,
    close: () => database.connection.close(),
  }
}

interface WorldDatabase {
  readonly connection: SqliteConnection
  readonly capture: ChangesetCapture
  readonly applier: ChangesetApplier
}

const openWorldDatabase = (schema: StoreSchema, image: Uint8Array | undefined): WorldDatabase => {
  const connection = openBetterSqlite(image === undefined ? {} : { image })
  const { tables } = schema.descriptor
  if (image === undefined) connection.exec(tables.flatMap(({ createSql }) => createSql).join(';'))
  connection.exec('PRAGMA foreign_keys = ON')
  const capture = makeChangesetCapture(connection, tables)
  capture.install()
  return { connection, capture, applier: makeChangesetApplier(connection, tables, { foreignKeys: 'on', capture }) }
}

interface RandomWrite {
  readonly sql: string
  readonly params: ReadonlyArray<SqliteValue>
}

const tryWrite = (connection: SqliteConnection, { sql: text, params }: RandomWrite): boolean => {
  const statement = connection.prepare(text)
  try {
    statement.run(params)
    return true
  } catch (error) {
    if (!(error instanceof SqliteError) || error.isEnvironment) throw error
    return false
  } finally {
    statement.finalize()
  }
}

const rowids = [1n, 2n, 3n, 50n, 2n ** 53n + 1n, 2n ** 53n + 2n, -7n]

const randomValue = (random: Random, name: string, { definition }: AnyTable): SqliteValue => {
  const codec = definition.columnByName.get(name)!
  if (codec.definition.isNullable && random.int(4) === 0) return null
  if (name === 'id' || name === 'parent' || name === 'part') {
    const id = random.int(name === 'part' ? 2 : keysMax)
    if (codec.definition.kind === 'text') return `${random.pick(['k', 'K'])}${id}`
    return codec.definition.kind === 'bigint' ? 2n ** 60n + BigInt(id) : BigInt(id)
  }
  return codec.encode(random.pick(valuesByKind[codec.definition.kind]!))
}

const randomWrite = (random: Random, any: AnyTable): RandomWrite => {
  const { name, columns, isWithoutRowid } = any.definition
  const names = columns.map((codec) => codec.name)
  const quoted = names.map((column) => `"${column}"`)
  const values = (): Array<SqliteValue> => names.map((column) => randomValue(random, column, any))
  const marks = names.map(() => '?').join()
  const some = random.pick(names)
  const isParent = name === 'parent'
  switch (random.int(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      return randomInsert(random, any)
    case 5:
      return { sql: `INSERT OR REPLACE INTO ${name} (${quoted.join()}) VALUES (${marks})`, params: values() }
    case 6:
      if (!isParent || isWithoutRowid) break
      return {
        sql: `INSERT INTO ${name} (${quoted.join()}) VALUES (${marks})
              ON CONFLICT (id) DO UPDATE SET "${some}" = excluded."${some}"`,
        params: values(),
      }
    case 7:
      if (random.int(4) > 0) break
      return { sql: `UPDATE OR REPLACE ${name} SET "${some}" = ?`, params: [randomValue(random, some, any)] }
    case 8:
      if (isWithoutRowid || isParent) break
      return { sql: 'UPDATE child SET rowid = ? WHERE rowid = ?', params: [random.pick(rowids), random.pick(rowids)] }
    case 9:
      if (random.int(4) > 0) break
      return { sql: `DELETE FROM ${name} WHERE "${some}" IS ?`, params: [randomValue(random, some, any)] }
    case 10:
    case 11:
    case 12: {
      const key = isParent ? 'id' : random.pick(['rowid', 'parent'])
      const value = key === 'rowid' ? BigInt(random.int(keysMax)) : randomValue(random, key, any)
      return { sql: `DELETE FROM ${name} WHERE ${key} IS ?`, params: [value] }
    }
    default:
  }
  const by = random.int(3) > 0 ? (isParent ? 'id' : 'parent') : random.pick(names)
  return {
    sql: `UPDATE OR ${random.pick(['IGNORE', 'REPLACE', 'ABORT'])} ${name} SET "${some}" = ? WHERE "${by}" IS ?`,
    params: [randomValue(random, some, any), randomValue(random, by, any)],
  }
}

const randomInsert = (random: Random, any: AnyTable): RandomWrite => {
  const names = any.definition.columns.map((codec) => codec.name)
  return {
    sql: `INSERT INTO ${any.definition.name} (${names.map((column) => `"${column}"`).join()})
          VALUES (${names.map(() => '?').join()})`,
    params: names.map((column) => randomValue(random, column, any)),
  }
}

// ------------------------------------------------------------------------------------------------------------ queries

const randomQuery = (random: Random, tables: ReadonlyArray<AnyTable>): Query<unknown> => {
  if (random.int(6) === 0) return randomSql(random, tables)
  const any = random.pick(tables)
  const names = any.definition.columns.map(({ name }) => name)
  let query = (any as unknown as { all: () => AnyBuilder }).all()
  for (let count = Math.max(random.int(4) - 1, 0); count > 0; count--)
    query = query['where']!(randomWhere(random, any, 2))
  for (let count = random.int(3); count > 0; count--)
    query = query['orderBy']!(random.pick(names), random.pick(['asc', 'desc']))
  if (random.int(3) === 0) query = query['limit']!(random.pick([0, 1, 2, 5, 20, 60]))
  if (random.int(4) === 0) query = query['offset']!(random.pick([0, 1, 3, 20, 40, 200]))
  if (random.int(3) === 0) query = query['select']!(random.pick(names), random.pick(names))
  const shape = random.int(8)
  if (shape <= 1) return randomAggregate(random, any, query)
  return shape === 2 ? query['count']!() : shape === 3 ? query['first']!() : query
}

/** Of a column that has the aggregate; a count, which always is, if none has. */
const randomAggregate = (random: Random, { definition }: AnyTable, query: AnyBuilder): Query<unknown> => {
  const aggregate = random.pick(['sum', 'avg', 'min', 'max'])
  const kindsOf = aggregate === 'min' || aggregate === 'max' ? orderedKinds : numericKinds
  const names = definition.columns.filter((codec) => kindsOf.includes(codec.definition.kind)).map(({ name }) => name)
  return names.length === 0 ? query['count']!() : query[aggregate]!(random.pick(names))
}

const randomSql = (random: Random, [parent, child]: ReadonlyArray<AnyTable>): Query<unknown> => {
  const [a, b] = [parent!, child!].map((any) => sql.identifier(random.pick(any.definition.columns).name)) as [
    ReturnType<typeof sql.identifier>,
    ReturnType<typeof sql.identifier>,
  ]
  const text = random.pick([
    sql`SELECT ${b} FROM ${child!}`,
    sql`SELECT p.${a} AS a, c.${b} AS b FROM ${parent!} p JOIN ${child!} c ON c.parent = p.id ORDER BY 1, 2 LIMIT 20`,
    sql`SELECT count(*) AS n, max(${b}) AS m FROM ${child!}`,
    sql`SELECT ${b} AS b, count(*) AS n FROM ${child!} GROUP BY 1 ORDER BY 1`,
    sql`SELECT ${a} FROM ${parent!} WHERE EXISTS (SELECT 1 FROM ${child!} WHERE parent = ${parent!}.id AND ${b} IS NOT NULL)`,
    sql`SELECT p.id, c.${b} FROM ${parent!} p LEFT JOIN ${child!} c ON c.parent = p.id`,
    sql`SELECT 'fixed' AS fixed`,
  ])
  return text.as(Schema.Unknown, { integers: 'bigint' })
}

const randomWhere = (random: Random, any: AnyTable, depth: number): unknown => {
  if (depth > 0 && random.int(4) === 0) {
    const parts = Array.from({ length: random.int(4) }, () => randomWhere(random, any, depth - 1))
    return random.int(2) === 0 ? and(parts) : or(parts)
  }
  const names = any.definition.columns.map(({ name }) => name)
  return Object.fromEntries(
    Array.from({ length: random.pick([0, 1, 1, 1, 2]) }, () => {
      const name = random.pick(names)
      return [name, randomOperand(random, any, name)]
    }),
  )
}

const randomOperand = (random: Random, any: AnyTable, name: string): unknown => {
  const codec = any.definition.columnByName.get(name)!
  const { kind } = codec.definition
  const isKey = name === 'id' || name === 'parent' || name === 'part'
  const operand = (): unknown => {
    if (!isKey) return random.pick(operandsByKind[kind]!)
    return codec.decode(randomValue(random, name, any)) ?? codec.decode(kind === 'text' ? 'k1' : 1n)
  }
  switch (random.int(8)) {
    case 0:
      return { isNull: random.int(2) === 0 }
    case 1:
      return { in: Array.from({ length: random.int(6) }, operand) }
    case 2:
      if (kind === 'text') return { like: random.pick(['%', 'a%', '_', 'K1%', '%b', 'ä']) }
      return { '=': operand() }
    case 3:
    case 4:
      return kind === 'json' ? { '!=': operand() } : { [random.pick(['<', '<=', '>', '>=', '!='])]: operand() }
    case 5:
      return kind === 'json' ? { isNull: false } : { [random.pick(['>', '>=', '!='])]: operand() }
    default:
      return { '=': operand() }
  }
}
