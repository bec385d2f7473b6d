import { type Socket, connect } from 'node:net'
import { once } from 'node:events'

/** An answer, as far as a load generator looks at it. */
export interface WireAnswer {
  readonly status: number
  readonly body: string
}

/** One connection, one request at a time. It does as little as it can, because it shares the machine with what is measured. */
export interface WireClient {
  /** **Shape** a whole request, head and body. **Fails with** an error if the connection ends before the answer does. */
  readonly send: (request: Buffer) => Promise<WireAnswer>
  /** **Units** bytes since it was opened, heads and framing included. */
  readonly bytes: () => { readonly up: number; readonly down: number }
  readonly close: () => void
}

/** The request of an HTTP/1.1 client that keeps its connection, with the headers of ours. */
export const wireRequest = (method: 'GET' | 'POST', url: URL, body = ''): Buffer =>
  Buffer.from(
    [
      `${method} ${url.pathname}${url.search} HTTP/1.1`,
      `host: ${url.host}`,
      'headwater-protocol: 1',
      'headwater-client: load',
      ...(method === 'POST' ? ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`] : []),
      '',
      body,
    ].join('\r\n'),
  )

export const openWireClient = async (address: string): Promise<WireClient> => {
  const { hostname, port } = new URL(address)
  const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  let waiting: { resolve: (answer: WireAnswer) => void; reject: (error: Error) => void } | undefined
  let chunks: Array<Buffer> = []
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    const answer = readAnswer(chunks.length === 1 ? chunk : Buffer.concat(chunks))
    if (answer === undefined) return
    chunks = []
    waiting?.resolve(answer)
  })
  const lost = (): void => waiting?.reject(new Error('the server closed a connection'))
  socket.on('error', lost).on('close', lost)
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        socket.write(request)
      }),
    bytes: () => ({ up: socket.bytesWritten, down: socket.bytesRead }),
    close: () => socket.destroy(),
  }
}

/** `undefined` until all of it is there. */
const readAnswer = (bytes: Buffer): WireAnswer | undefined => {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end)
  const status = Number(head.slice(9, 12))
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (length === undefined) return readChunks(bytes.subarray(end + 4), status)
  const body = bytes.subarray(end + 4)
  return body.length < Number(length) ? undefined : { status, body: body.toString('utf8') }
}

const readChunks = (bytes: Buffer, status: number): WireAnswer | undefined => {
  const parts: Array<Buffer> = []
  for (let at = 0; ;) {
    const line = bytes.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16)
    if (bytes.length < line + 2 + size + 2) return undefined
    if (size === 0) return { status, body: Buffer.concat(parts).toString('utf8') }
    parts.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
}
