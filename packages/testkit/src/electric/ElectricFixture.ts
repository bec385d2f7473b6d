import { once } from 'node:events'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ElectricAnswer, type ElectricContext, type ElectricTimes, answerShape } from './ElectricAnswer.ts'
import { ElectricShapes } from './ElectricShapes.ts'

export interface ElectricFixtureOptions extends Partial<ElectricTimes> {
  /** Of a database with `wal_level=logical`. */
  readonly databaseUrl: string
  /** Bytes at which a chunk closes. Default 10 MB, as Electric's. */
  readonly chunkBytes?: number
  /** Asked for with every request, as `secret`. */
  readonly secret?: string
  /** Shuffles the rows of every snapshot. */
  readonly shuffleSeed?: number
}

/** A double of an Electric server over a real PostgreSQL. */
export interface ElectricFixture {
  readonly url: string
  /** Ends every connection; shapes and handles are kept, as on Electric's disk. */
  readonly stop: () => Promise<void>
  /** On the same port, and from where it stood. */
  readonly start: () => Promise<void>
  /** Drops all shapes: every handle is of the past. */
  readonly rotate: () => void
  /** Comes back when everything that was committed before the call is in the shapes. */
  readonly caughtUp: () => Promise<void>
  /** Live requests that wait for something new. */
  readonly waiting: () => number
  /** **Units** bytes of answers' bodies so far, as they were handed to the network. */
  readonly sentBytes: () => number
  readonly close: () => Promise<void>
}

/** Electric's own defaults. */
const timesDefault: ElectricTimes = { pollMs: 20_000, sseMs: 60_000, keepAliveMs: 21_000, databaseMs: 5_000 }
const chunkBytesDefault = 10_000_000
const pieceBytes = 64 * 1024
/** The release that the recorded answers are of. */
const electricServer = 'ElectricSQL/1.7.12'
const exposed =
  'electric-cursor,electric-handle,electric-offset,electric-schema,electric-up-to-date,electric-has-data,electric-internal-known-error,etag,retry-after'

/**
 * Starts a double of Electric: its HTTP protocol for shapes, over what a real PostgreSQL writes to a logical replication slot.
 *
 * It knows what this project needs: `GET /v1/shape` with conditions on one column, `GET /v1/health`. Snapshots and
 * transactions, offsets, chunks, rotation and event streams are those of recorded answers of a real server.
 *
 * **Fails with**  an `Error` where the database has no `wal_level=logical`.
 */
export const electricFixture = async (options: ElectricFixtureOptions): Promise<ElectricFixture> => {
  const { databaseUrl, chunkBytes = chunkBytesDefault, shuffleSeed, secret, ...times } = options
  const shapes = await ElectricShapes.open({ databaseUrl, chunkBytes, shuffleSeed })
  const context: ElectricContext = { ...timesDefault, ...times, shapes, secret }
  const state = { sentBytes: 0, stop: new AbortController(), server: undefined as Server | undefined }
  const listen = async (port: number): Promise<number> => {
    state.stop = new AbortController()
    const { signal } = state.stop
    const server = createServer((request, response) => {
      serve(context, request, response, signal, (bytes) => (state.sentBytes += bytes)).catch(() => response.destroy())
    })
    state.server = server
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const stop = async (): Promise<void> => {
    const { server } = state
    if (server === undefined) return
    state.server = undefined
    state.stop.abort()
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    await shapes.disconnect()
  }
  const port = await listen(0)
  return {
    url: `http://127.0.0.1:${port}`,
    stop,
    start: async () => {
      if (state.server !== undefined) return
      await shapes.connect()
      await listen(port)
    },
    rotate: () => shapes.rotate(),
    caughtUp: () => shapes.caughtUp(),
    waiting: () => shapes.waiting,
    sentBytes: () => state.sentBytes,
    close: async () => {
      await stop()
      await shapes.drop()
    },
  }
}

const serve = async (
  context: ElectricContext,
  request: IncomingMessage,
  response: ServerResponse,
  stopping: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<void> => {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const url = new URL(request.url ?? '/', 'http://electric')
  const answer = await answerOf(context, request, url, AbortSignal.any([gone.signal, stopping]))
  response.writeHead(answer.status, {
    ...answer.headers,
    'electric-server': electricServer,
    'access-control-allow-origin': '*',
    'access-control-expose-headers': exposed,
  })
  response.flushHeaders()
  for await (const text of typeof answer.body === 'string' ? [answer.body] : answer.body) {
    const bytes = Buffer.from(text)
    // Piece by piece, so that a reader that stands still is noticed.
    for (let at = 0; at < bytes.length && !response.destroyed; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes)
      onSent(piece.length)
      if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
  }
  response.end()
}

const answerOf = async (
  context: ElectricContext,
  request: IncomingMessage,
  url: URL,
  signal: AbortSignal,
): Promise<ElectricAnswer> => {
  const plain = { 'content-type': 'application/json' }
  if (url.pathname === '/v1/health') {
    return context.shapes.isConnected
      ? { status: 200, headers: plain, body: '{"status":"active"}' }
      : { status: 202, headers: plain, body: '{"status":"starting"}' }
  }
  if (url.pathname !== '/v1/shape') return { status: 404, headers: plain, body: '{"message":"Not found"}' }
  if (request.method !== 'GET') return { status: 405, headers: plain, body: '{"message":"Method not allowed"}' }
  try {
    return await answerShape(context, url.searchParams, request.headers['if-none-match'], signal)
  } catch (error) {
    // What a statement failed with: the database went away in the middle.
    return { status: 500, headers: plain, body: JSON.stringify({ error: `Internal server error: ${String(error)}` }) }
  }
}
