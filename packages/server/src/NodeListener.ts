import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as Data from 'effect/Data'
import { nodeRequest, realRequest } from './NodeRequest.ts'
import { plainTextOf } from './PlainText.ts'
import { answerOf } from './ServerRequest.ts'

/** Why no port could be opened. The message says what to do. */
export class ListenFailed extends Data.TaggedError('ListenFailed')<{ readonly detail: string }> {
  override get message(): string {
    return this.detail
  }
  get isRetryable(): boolean {
    return true
  }
}

export interface NodeListenerOptions {
  readonly handle: (request: Request) => Promise<Response>
  readonly port: number
  readonly host: string
  /** How long `close` waits for what is running, in ms. */
  readonly graceMs?: number
  /** How long a reader may leave a full socket unread before it is cut, in ms. */
  readonly stallMs?: number
}

export interface NodeListener {
  readonly url: string
  readonly port: number
  /** Stops accepting, waits for running requests, then cuts what is left. End live streams first. */
  readonly close: () => Promise<void>
}

/** A push of the largest batch over a slow line; what stops a server asks for about this much (systemd: 90 s). */
const graceMsDefault = 10_000
/** Four heartbeats without reading a byte: the reader is gone, TCP just does not know it yet. */
const stallMsDefault = 60_000
/** Longer than proxies keep their side open (nginx 60 s), so that they never reuse a connection we just closed. */
const keepAliveMs = 65_000
/** How long an answered client that wants its connection closed may go on sending (nginx's `lingering_timeout`). */
const lingerMs = 5_000
/** Of an unread body, so that a client that is still sending reads its 413 instead of a reset. */
const discardBytesMax = 16 * 1024 * 1024

/** Serves a web-standard handler on `node:http`. **Fails with** `ListenFailed`. */
export const listen = async (options: NodeListenerOptions): Promise<NodeListener> => {
  const listener: Running = { server: createServer(), isClosing: false }
  listener.server.keepAliveTimeout = keepAliveMs
  listener.server.on('request', (request, response) => {
    serve(options, listener, request, response).catch(() => response.destroy())
  })
  await opened(listener.server, options)
  // A TCP server that listens has an AddressInfo, never a pipe's name.
  const { port } = listener.server.address() as AddressInfo
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { url: `http://${host}:${port}`, port, close: () => close(listener, options.graceMs ?? graceMsDefault) }
}

interface Running {
  readonly server: Server
  isClosing: boolean
}

const opened = (server: Server, { port, host }: NodeListenerOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const advice = error.code === 'EADDRINUSE' ? 'it is in use; choose another --port' : 'check --host and --port'
      reject(
        new ListenFailed({ detail: `cannot listen on ${host}:${port} (${error.code ?? error.message}): ${advice}` }),
      )
    })
    server.listen(port, host, resolve)
  })

const close = (listener: Running, graceMs: number): Promise<void> =>
  new Promise((resolve) => {
    listener.isClosing = true
    const timer = setTimeout(() => listener.server.closeAllConnections(), graceMs)
    listener.server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    listener.server.closeIdleConnections()
  })

const serve = async (
  options: NodeListenerOptions,
  listener: Running,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> => {
  const gone = new AbortController()
  // Nobody waits any more for what was answered, and an abort costs a stack trace.
  outgoing.once('close', () => outgoing.writableFinished || gone.abort())
  // A connection that was streaming when the server began to close is idle now, and would be kept for a minute.
  outgoing.once('finish', () => listener.isClosing && setImmediate(() => listener.server.closeIdleConnections()))
  const response = await respond(options.handle, incoming, gone.signal)
  if (listener.isClosing) outgoing.setHeader('connection', 'close')
  const plain = plainTextOf(response)
  const text = typeof plain === 'string' ? plain : undefined
  const length = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) }
  outgoing.writeHead(response.status, { ...Object.fromEntries(response.headers), ...length })
  const pieces = typeof plain === 'object' ? plain : piecesOf(response)
  if (text === undefined && pieces !== undefined) await pump(pieces, outgoing, options.stallMs ?? stallMsDefault)
  if (!outgoing.shouldKeepAlive && !incoming.complete) await restArrived(incoming)
  outgoing.end(text)
  discardRest(incoming)
}

/** 400 if the head of the request names no address. */
const respond = async (
  handle: NodeListenerOptions['handle'],
  incoming: IncomingMessage,
  signal: AbortSignal,
): Promise<Response> => {
  const address = `http://${incoming.headers.host ?? 'localhost'}${incoming.url ?? '/'}`
  if (!URL.canParse(address)) return new Response(null, { status: 400 })
  const { href } = new URL(address)
  const answer = answerOf(handle)
  return answer === undefined
    ? handle(realRequest(incoming, href, signal))
    : answer(nodeRequest(incoming, href, signal))
}

/** What is written piece by piece: text of ours, or the bytes of any other body. */
interface Pieces {
  readonly next: () => Promise<string | Uint8Array | undefined>
  readonly cancel: () => void
}

const piecesOf = ({ body }: Response): Pieces | undefined => {
  const reader = body?.getReader()
  return (
    reader && {
      next: async () => (await reader.read()).value,
      cancel: () => void reader.cancel().catch(() => undefined),
    }
  )
}

/** Writes as fast as the socket drains and reads no further ahead. */
const pump = async (pieces: Pieces, outgoing: ServerResponse, stallMs: number): Promise<void> => {
  outgoing.once('close', pieces.cancel)
  for (;;) {
    const piece = await pieces.next()
    if (piece === undefined || outgoing.destroyed) return
    if (!outgoing.write(piece)) await drained(outgoing, stallMs)
  }
}

const drained = (outgoing: ServerResponse, stallMs: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => outgoing.destroy(), stallMs)
    const done = (): void => {
      clearTimeout(timer)
      outgoing.off('drain', done).off('close', done)
      resolve()
    }
    outgoing.on('drain', done).on('close', done)
  })

/** A connection that is closed while its client still sends is reset, and an answer that waits there unread is lost. */
const restArrived = (incoming: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, lingerMs)
    const done = (): void => {
      clearTimeout(timer)
      resolve()
    }
    incoming.once('end', done).once('close', done)
    discardRest(incoming)
  })

const discardRest = (incoming: IncomingMessage): void => {
  if (incoming.complete) return
  let bytes = 0
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > discardBytesMax) incoming.destroy()
  })
  incoming.resume()
}
