import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as Data from 'effect/Data'

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
  outgoing.once('close', () => gone.abort())
  // A connection that was streaming when the server began to close is idle now, and would be kept for a minute.
  outgoing.once('finish', () => listener.isClosing && setImmediate(() => listener.server.closeIdleConnections()))
  const request = requestOf(incoming, gone.signal)
  const response = request === undefined ? new Response(null, { status: 400 }) : await options.handle(request)
  if (listener.isClosing) outgoing.setHeader('connection', 'close')
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body !== null) await pump(response.body, outgoing, options.stallMs ?? stallMsDefault)
  if (!outgoing.shouldKeepAlive && !incoming.complete) await restArrived(incoming)
  outgoing.end()
  discardRest(incoming)
}

/** `undefined` if the head of the request names no address. */
const requestOf = (incoming: IncomingMessage, signal: AbortSignal): Request | undefined => {
  const address = `http://${incoming.headers.host ?? 'localhost'}${incoming.url ?? '/'}`
  if (!URL.canParse(address)) return undefined
  const headers = new Headers()
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '')
  }
  const method = incoming.method ?? 'GET'
  if (method === 'GET' || method === 'HEAD') return new Request(address, { method, headers, signal })
  // Leaving the loop early must not destroy the socket: the answer goes through it.
  const body = ReadableStream.from(incoming.iterator({ destroyOnReturn: false }))
  return new Request(address, { method, headers, signal, body, duplex: 'half' })
}

/** Writes as fast as the socket drains and reads no further ahead. */
const pump = async (body: ReadableStream<Uint8Array>, outgoing: ServerResponse, stallMs: number): Promise<void> => {
  const reader = body.getReader()
  outgoing.once('close', () => void reader.cancel().catch(() => undefined))
  for (;;) {
    const { done, value } = await reader.read()
    if (done || outgoing.destroyed) return
    if (!outgoing.write(value)) await drained(outgoing, stallMs)
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
