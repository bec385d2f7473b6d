/**
 * All shapes over one database. They are kept as a real Electric keeps them on disk: a restart of the HTTP side does not
 * lose them, and what commits meanwhile waits in the slot.
 */
import pg from 'pg'
import { seededRandom } from '../SeededRandom.ts'
import { ElectricShape, type PgSnapshot } from './ElectricShape.ts'
import type { PgRelation } from './PgOutput.ts'
import { type PgTransaction, type ReplicationStream, openReplication } from './ReplicationStream.ts'
import { type ShapeDefinition, definitionKey } from './ShapeDefinition.ts'
import type { ShapeRow } from './ShapeMessage.ts'
import { type ShapeTable, findTable } from './ShapeTable.ts'

export interface ElectricShapesOptions {
  readonly databaseUrl: string
  /** Bytes at which a chunk closes. */
  readonly chunkBytes: number
  /** Shuffles the rows of every snapshot, which come in no particular order; `undefined` leaves them as they came. */
  readonly shuffleSeed: number | undefined
}

export class ElectricShapes {
  /** The end of the last transaction of any published table. */
  lastLsn = 0n
  isConnected = false
  readonly #options: ElectricShapesOptions
  readonly #name = `electric_${crypto.randomUUID().replaceAll('-', '')}`
  readonly #shapes = new Map<string, Promise<ElectricShape>>()
  /** Those that are complete or about to be. */
  readonly #made = new Set<ElectricShape>()
  readonly #tables = new Map<string, ShapeTable>()
  readonly #columns = new Map<number, string>()
  readonly #published = new Map<number, Promise<void>>()
  #replication: ReplicationStream | undefined
  #handles = 0

  private constructor(options: ElectricShapesOptions) {
    this.#options = options
  }

  /** **Fails with** an `Error` where the database has no `wal_level=logical`. */
  static async open(options: ElectricShapesOptions): Promise<ElectricShapes> {
    const shapes = new ElectricShapes(options)
    await withClient(options.databaseUrl, async (client) => {
      const { rows } = await client.query<{ wal_level: string }>('SHOW wal_level')
      if (rows[0]?.wal_level !== 'logical') {
        throw new Error('Electric reads the log of the database: start PostgreSQL with wal_level=logical')
      }
      await client.query(`CREATE PUBLICATION "${shapes.#name}"`)
      await client.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [shapes.#name])
    })
    await shapes.connect()
    return shapes
  }

  /** Reads on from the slot. Comes back when it does. */
  connect(): Promise<void> {
    return new Promise((resolve) => {
      this.#replication = openReplication({
        databaseUrl: this.#options.databaseUrl,
        slot: this.#name,
        publication: this.#name,
        onTransaction: (transaction) => this.#take(transaction),
        onRelation: (relation) => this.#takeRelation(relation),
        onConnected: (isConnected) => {
          this.isConnected = isConnected
          if (isConnected) resolve()
        },
      })
    })
  }

  /** Stops reading; the slot keeps what comes. */
  async disconnect(): Promise<void> {
    await this.#replication?.end()
  }

  /** Comes back when everything that was committed before the call is in the shapes. */
  async caughtUp(): Promise<void> {
    await this.#replication?.caughtUp()
  }

  /** Of all shapes: requests that wait for something new. */
  get waiting(): number {
    return [...this.#made].reduce((sum, shape) => sum + shape.waiting, 0)
  }

  /** As it was when it was asked for first, until its shapes are dropped. */
  async findTable(named: string): Promise<ShapeTable | undefined> {
    const known = this.#tables.get(named)
    if (known !== undefined) return known
    const found = await withClient(this.#options.databaseUrl, (client) => findTable(client, named))
    if (found !== undefined) this.#tables.set(named, found)
    return found
  }

  /** The shape of this definition, made if there is none. */
  find(definition: ShapeDefinition): Promise<ElectricShape> {
    const key = definitionKey(definition)
    const found = this.#shapes.get(key)
    if (found !== undefined) return found
    const making = this.#make(definition)
    this.#shapes.set(key, making)
    making.catch(() => this.#shapes.delete(key))
    return making
  }

  /** Drops shapes: their handles are of the past, the next request makes others. */
  rotate(isMeant: (definition: ShapeDefinition) => boolean = () => true): void {
    this.#tables.clear()
    for (const shape of [...this.#made].filter(({ definition }) => isMeant(definition))) {
      this.#made.delete(shape)
      this.#shapes.delete(definitionKey(shape.definition))
      shape.rotate()
    }
  }

  /** Frees slot and publication. */
  async drop(): Promise<void> {
    await this.disconnect()
    await withClient(this.#options.databaseUrl, async (client) => {
      // The server may not have noticed yet that its reader has gone.
      await client.query('SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1', [
        this.#name,
      ])
      await client.query(`DROP PUBLICATION IF EXISTS "${this.#name}"`)
      for (let isThere = true; isThere;) {
        await client.query(
          'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND active_pid IS NULL',
          [this.#name],
        )
        const { rowCount } = await client.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [this.#name])
        isThere = rowCount === 1
      }
    })
  }

  async #make(definition: ShapeDefinition): Promise<ElectricShape> {
    const { shuffleSeed } = this.#options
    await this.#publish(definition.table)
    const handle = `${hashOf(definitionKey(definition))}-${Date.now()}${String(this.#handles++).padStart(3, '0')}`
    const shape = new ElectricShape(handle, definition, this.#options.chunkBytes)
    // From here on it hears of transactions; the snapshot tells which of them it shows already.
    this.#made.add(shape)
    try {
      const { snapshot, rows } = await withClient(this.#options.databaseUrl, (client) =>
        readSnapshot(client, definition),
      )
      shape.begin(snapshot, shuffleSeed === undefined ? rows : shuffled(rows, seededRandom(shuffleSeed)))
      return shape
    } catch (error) {
      this.#made.delete(shape)
      throw error
    }
  }

  /** The lock that this takes waits for writers, so that none is half seen. */
  #publish({ oid, schema, name }: ShapeTable): Promise<void> {
    const publishing =
      this.#published.get(oid) ??
      withClient(this.#options.databaseUrl, async (client) => {
        await client.query(
          `BEGIN; ALTER TABLE "${schema}"."${name}" REPLICA IDENTITY FULL;
           ALTER PUBLICATION "${this.#name}" ADD TABLE "${schema}"."${name}"; COMMIT`,
        )
      })
    this.#published.set(oid, publishing)
    publishing.catch(() => this.#published.delete(oid))
    return publishing
  }

  #take(transaction: PgTransaction): void {
    this.lastLsn = transaction.lsn
    const truncated = transaction.changes.flatMap((change) => (change._tag === 'truncate' ? change.oids : []))
    if (truncated.length > 0) this.rotate(({ table }) => truncated.includes(table.oid))
    for (const shape of this.#made) shape.take(transaction)
  }

  #takeRelation({ oid, columns }: PgRelation): void {
    const found = columns.join()
    const known = this.#columns.get(oid) ?? found
    this.#columns.set(oid, found)
    if (known !== found) this.rotate(({ table }) => table.oid === oid)
  }
}

const readSnapshot = async (
  client: pg.Client,
  { table, condition }: ShapeDefinition,
): Promise<{ readonly snapshot: PgSnapshot; readonly rows: ReadonlyArray<ShapeRow> }> => {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  const { rows: described } = await client.query<{ text: string }>('SELECT pg_current_snapshot()::text AS text')
  const [xmin = '0', xmax = '0', running = ''] = described[0]?.text.split(':') ?? []
  const columns = table.columns.map(({ name }) => `"${name}"::text`).join(', ')
  const where = condition === undefined ? '' : `WHERE "${condition.column}"::text ${condition.operator} $1`
  const { rows } = await client.query<Array<string | null>>({
    text: `SELECT ${columns} FROM "${table.schema}"."${table.name}" ${where}`,
    values: condition === undefined ? [] : [condition.value],
    rowMode: 'array',
  })
  await client.query('COMMIT')
  return {
    snapshot: {
      xmin: BigInt(xmin),
      xmax: BigInt(xmax),
      running: running
        .split(',')
        .filter((xid) => xid !== '')
        .map(BigInt),
    },
    rows: rows.map((row) => new Map(table.columns.map(({ name }, index) => [name, row[index]]))),
  }
}

const withClient = async <A>(url: string, work: (client: pg.Client) => Promise<A>): Promise<A> => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

const hashOf = (text: string): number => {
  let hash = 0
  for (const letter of text) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 100_000_007
  return hash
}

const shuffled = <A>(items: ReadonlyArray<A>, random: () => number): ReadonlyArray<A> =>
  items
    .map((item) => ({ item, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item)
