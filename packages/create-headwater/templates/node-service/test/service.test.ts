import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { memoryAdapter } from '@headwater/adapter-node'
import { createStore } from '@headwater/core'
import { schema } from '../src/schema.ts'
import { makeService } from '../src/service.ts'

/** The service on real SQLite, in memory. **Shape**  a function that asks it. */
const start = async (context: TestContext) => {
  const store = await createStore({ schema, storeId: 'test', adapter: memoryAdapter() })
  const server = createServer(makeService(store))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(async () => {
    server.close()
    server.closeAllConnections()
    await store.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return async (method: string, path: string, body?: string) => {
    const response = await fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { body }) })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
}

void test('makes, lists, ticks off and deletes', async (context) => {
  const ask = await start(context)
  const made = await ask('POST', '/todos', '{"text":"milk"}')
  assert.equal(made.status, 201)
  const { id } = made.body
  assert.deepEqual((await ask('GET', '/todos')).body, [{ id, text: 'milk', done: false }])
  assert.equal((await ask('PUT', `/todos/${id}`, '{"done":true}')).status, 204)
  assert.deepEqual((await ask('GET', '/todos')).body, [{ id, text: 'milk', done: true }])
  assert.equal((await ask('DELETE', `/todos/${id}`)).status, 204)
  assert.deepEqual((await ask('GET', '/todos')).body, [])
})

void test('says what is wrong with a request, and keeps nothing of it', async (context) => {
  const ask = await start(context)
  assert.equal((await ask('POST', '/todos', '{"text":')).status, 400)
  assert.equal((await ask('POST', '/todos', '{"text":1}')).status, 400)
  assert.equal((await ask('POST', '/todos', `{"text":"${'x'.repeat(70_000)}"}`)).status, 413)
  assert.equal((await ask('PUT', '/todos/none', '{"done":true}')).status, 404)
  assert.equal((await ask('GET', '/elsewhere')).status, 404)
  assert.deepEqual((await ask('GET', '/todos')).body, [])
})

void test('tells how the store stands towards its backend', async (context) => {
  const ask = await start(context)
  assert.deepEqual((await ask('GET', '/health')).body, { backend: 'none', pending: 0, isSynced: false })
})
