/**
 * What commits in a database, transaction by transaction and in the order of commit, from a logical replication slot: the
 * way a real Electric reads it. The slot keeps what was not acknowledged, so nothing is missed over a restart of either side.
 */
import pg from 'pg'
import { type PgChange, type PgRelation, readPgOutput } from './PgOutput.ts'

export interface PgTransaction {
  /** Of its commit; rises from transaction to transaction. */
  readonly lsn: bigint
  readonly xid: bigint
  readonly changes: ReadonlyArray<PgChange>
}

export interface ReplicationOptions {
  readonly databaseUrl: string
  readonly slot: string
  readonly publication: string
  readonly onTransaction: (transaction: PgTransaction) => void
  /** Before the first change of a table, and again when its columns have changed. */
  readonly onRelation: (relation: PgRelation) => void
  readonly onConnected: (isConnected: boolean) => void
}

export interface ReplicationStream {
  /** Comes back when everything that was committed before the call has been told. */
  readonly caughtUp: () => Promise<void>
  readonly end: () => Promise<void>
}

/** Between attempts to connect: a database that restarts is found again at once. */
const reconnectMs = 50
const markPrefix = 'headwater-electric-fixture'

export const openReplication = (options: ReplicationOptions): ReplicationStream => {
  const marks = new Map<string, () => void>()
  const state: { client: pg.Client | undefined; isEnded: boolean; doneLsn: bigint } = {
    client: undefined,
    isEnded: false,
    doneLsn: 0n,
  }
  const run = async (): Promise<void> => {
    while (!state.isEnded) {
      // Whatever ends it, a database that restarts or one that is not there yet: it is tried again.
      await follow(options, state, marks).catch(() => undefined)
      options.onConnected(false)
      if (!state.isEnded) await new Promise((resolve) => setTimeout(resolve, reconnectMs))
    }
  }
  const running = run()
  return {
    caughtUp: async () => {
      const mark = crypto.randomUUID()
      const told = new Promise<void>((resolve) => marks.set(mark, resolve))
      const client = new pg.Client({ connectionString: options.databaseUrl })
      client.on('error', () => undefined)
      await client.connect()
      try {
        await client.query('SELECT pg_logical_emit_message(true, $1, $2)', [markPrefix, mark])
      } finally {
        await client.end()
      }
      await told
    },
    end: async () => {
      state.isEnded = true
      await state.client?.end().catch(() => undefined)
      await running
    },
  }
}

/** What `pg` has and does not declare: the connection below its client. */
interface ReplicationConnection {
  readonly on: (event: 'copyData', listener: (message: { readonly chunk: Buffer }) => void) => void
  readonly once: (event: 'replicationStart', listener: () => void) => void
  readonly sendCopyFromChunk: (chunk: Buffer) => void
}

/** One connection, until it ends. */
const follow = async (
  options: ReplicationOptions,
  state: { client: pg.Client | undefined; isEnded: boolean; doneLsn: bigint },
  marks: Map<string, () => void>,
): Promise<void> => {
  const { databaseUrl, slot, publication } = options
  const config = { connectionString: databaseUrl, replication: 'database' }
  const client = new pg.Client(config)
  state.client = client
  client.on('error', () => undefined)
  await client.connect()
  const connection = (client as unknown as { readonly connection: ReplicationConnection }).connection
  const take = transactionReader(options, state, marks)
  connection.once('replicationStart', () => options.onConnected(true))
  connection.on('copyData', ({ chunk }) => {
    if (chunk[0] === walLetter) take.message(chunk.subarray(25))
    if (chunk[0] === keepaliveLetter) take.end(chunk.readBigInt64BE(1))
    // A server that stops waits until its readers have everything.
    connection.sendCopyFromChunk(statusUpdate(state.doneLsn))
  })
  try {
    await client.query(
      `START_REPLICATION SLOT "${slot}" LOGICAL 0/0 (proto_version '1', publication_names '"${publication}"', messages 'true')`,
    )
  } finally {
    await client.end().catch(() => undefined)
  }
}

const walLetter = 'w'.charCodeAt(0)
const keepaliveLetter = 'k'.charCodeAt(0)

/** Collects messages into transactions; those that were told on an earlier connection are left out. */
const transactionReader = (
  options: ReplicationOptions,
  state: { doneLsn: bigint },
  marks: Map<string, () => void>,
): { readonly message: (bytes: Buffer) => void; readonly end: (lsn: bigint) => void } => {
  let begun: { readonly lsn: bigint; readonly xid: bigint; readonly changes: Array<PgChange> } | undefined
  let told: Array<string> = []
  const takeMessage = (bytes: Buffer): void => {
    const message = readPgOutput(bytes)
    switch (message._tag) {
      case 'begin':
        begun = { lsn: message.lsn, xid: message.xid, changes: [] }
        return
      case 'relation':
        return options.onRelation(message.relation)
      case 'commit':
        if (begun !== undefined && begun.changes.length > 0 && message.endLsn > state.doneLsn) {
          options.onTransaction(begun)
        }
        if (message.endLsn > state.doneLsn) state.doneLsn = message.endLsn
        for (const mark of told) marks.get(mark)?.()
        for (const mark of told) marks.delete(mark)
        ;[begun, told] = [undefined, []]
        return
      case 'message':
        if (message.prefix === markPrefix) told.push(message.content)
        return
      case 'other':
        return
      case 'insert':
      case 'update':
      case 'delete':
      case 'truncate':
        begun?.changes.push(message)
    }
  }
  return {
    message: takeMessage,
    end: (lsn) => {
      if (begun === undefined && lsn > state.doneLsn) state.doneLsn = lsn
    },
  }
}

/** Everything up to there is kept here, and may go there. */
const statusUpdate = (lsn: bigint): Buffer => {
  const bytes = Buffer.alloc(34)
  bytes.write('r', 0)
  for (const at of [1, 9, 17]) bytes.writeBigInt64BE(lsn, at)
  // Microseconds since 2000; nobody compares it.
  bytes.writeBigInt64BE(BigInt(Date.now() - Date.UTC(2000, 0, 1)) * 1000n, 25)
  return bytes
}
