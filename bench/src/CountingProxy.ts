import { Agent, createServer, request } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** What has gone over the wire between a client and a proxy. */
export interface WireCount {
  readonly requests: number
  /** Both ways, headers and framing included. */
  readonly bytes: number
}

/** A proxy that passes everything on as it is, and counts. */
export interface CountingProxy {
  readonly url: string
  readonly count: () => WireCount
  readonly close: () => Promise<void>
}

/** Starts one before the server at `target`, on a free loopback port. */
export const startCountingProxy = async (target: string): Promise<CountingProxy> => {
  const sockets = new Set<Socket>()
  const agent = new Agent({ keepAlive: true })
  let requests = 0
  const server = createServer((incoming, outgoing) => {
    requests++
    const { method = 'GET', headers } = incoming
    const onward = request(new URL(incoming.url ?? '/', target), { method, headers, agent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      // An event stream says nothing for a while: its headers must not wait for its first event.
      outgoing.flushHeaders()
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => onward.destroy())
    incoming.pipe(onward)
  })
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    count: () => {
      let bytes = 0
      for (const socket of sockets) bytes += socket.bytesRead + socket.bytesWritten
      return { requests, bytes }
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      agent.destroy()
      await closed
    },
  }
}

/** What came between two counts. */
export const wireBetween = (before: WireCount, after: WireCount): WireCount => ({
  requests: after.requests - before.requests,
  bytes: after.bytes - before.bytes,
})
