import type { IncomingMessage } from 'node:http'
import type { ServerRequest } from './ServerRequest.ts'

/** A request of `node:http` for our own routes. **Shape** `url`: as `URL` writes it. */
export const nodeRequest = (incoming: IncomingMessage, url: string, signal: AbortSignal): ServerRequest => {
  const method = incoming.method ?? 'GET'
  const headers = headersOf(incoming)
  return {
    method,
    url,
    headers,
    signal,
    text: async (bytesMax) => {
      const bytes = await readUpTo(incoming, bytesMax)
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
    },
    real: () => new Request(url, { method, headers, signal }),
  }
}

/** The same for anybody's handler. */
export const realRequest = (incoming: IncomingMessage, url: string, signal: AbortSignal): Request => {
  const method = incoming.method ?? 'GET'
  const headers = headersOf(incoming)
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers, signal })
  // Leaving the loop early must not destroy the socket: the answer goes through it.
  const body = ReadableStream.from(incoming.iterator({ destroyOnReturn: false }))
  return new Request(url, { method, headers, signal, body, duplex: 'half' })
}

const headersOf = ({ rawHeaders }: IncomingMessage): Headers => {
  const headers = new Headers()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
  return headers
}

/** `undefined` at the first byte beyond `bytesMax`: the rest is left unread. */
const readUpTo = (incoming: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> =>
  new Promise((resolve, reject) => {
    const chunks: Array<Buffer> = []
    let bytes = 0
    const stop = (): void => {
      incoming.off('data', take).off('end', end).off('close', lost).off('error', lost)
      incoming.pause()
    }
    const take = (chunk: Buffer): void => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes <= bytesMax) return
      stop()
      resolve(undefined)
    }
    const end = (): void => {
      stop()
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
    }
    const lost = (): void => {
      stop()
      reject(new Error('the connection was closed'))
    }
    if (incoming.readableEnded) return resolve(Buffer.alloc(0))
    if (incoming.destroyed) return lost()
    incoming.on('data', take).once('end', end).once('close', lost).once('error', lost)
  })
