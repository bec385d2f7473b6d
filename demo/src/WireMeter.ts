/**
 * A TCP proxy that counts: what clients and server exchange, headers and event streams included, also of a client that
 * is killed before it could tell.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'

export interface WireMeter {
  /** The server's address, with the meter in between. */
  readonly url: string
  readonly bytes: () => { readonly up: number; readonly down: number }
  readonly close: () => Promise<void>
}

export const startWireMeter = async (serverPort: number): Promise<WireMeter> => {
  const sockets = new Set<Socket>()
  const counted = { up: 0, down: 0 }
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: serverPort, host: '127.0.0.1', noDelay: true })
    client.on('data', (piece: Buffer) => (counted.up += piece.length))
    upstream.on('data', (piece: Buffer) => (counted.down += piece.length))
    client.pipe(upstream).pipe(client)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      // A client that is killed resets its connection; the other half must not linger.
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    bytes: () => ({ ...counted }),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
