import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startCountingProxy, wireBetween } from '../src/CountingProxy.ts'

test('a proxy passes requests on as they are and counts them and every byte', async () => {
  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('x-path', request.url ?? '')
      response.statusCode = 201
      response.end(Buffer.concat(chunks).toString('utf8').toUpperCase())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const proxy = await startCountingProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => proxy.close())

  const ask = async (body: string): Promise<string> => {
    const response = await fetch(`${proxy.url}/some/path?a=1`, { method: 'POST', body })
    expect([response.status, response.headers.get('x-path')]).toEqual([201, '/some/path?a=1'])
    return response.text()
  }
  const [start, small] = [proxy.count(), 'a'.repeat(10)]
  expect(await ask(small)).toBe('A'.repeat(10))
  const afterSmall = proxy.count()
  expect(await ask('a'.repeat(1_010))).toBe('A'.repeat(1_010))
  const [first, second] = [wireBetween(start, afterSmall), wireBetween(afterSmall, proxy.count())]
  expect([first.requests, second.requests]).toEqual([1, 1])
  // 1,000 more each way, and two digits more in each content-length; the rest is the same.
  expect(second.bytes - first.bytes).toBe(2_000 + 4)
})
