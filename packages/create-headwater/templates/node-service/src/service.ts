import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Store } from '@headwater/core'
import { todoCreated, todoDeleted, todos, todoToggled } from './schema.ts'

/** What went wrong with a request, by its HTTP status. */
class Refused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * The API, over any store:
 *
 * | Request             | Answers                                  |
 * | ------------------- | ---------------------------------------- |
 * | `GET /todos`        | all of them                              |
 * | `POST /todos`       | 201, made from `{ "text": "…" }`         |
 * | `PUT /todos/:id`    | 204, `{ "done": true }` or `false`       |
 * | `DELETE /todos/:id` | 204                                      |
 * | `GET /health`       | how the store stands towards its backend |
 */
export const makeService = (store: Store): RequestListener => {
  return (request, response) => {
    answer(store, request).then(
      ({ status, body }) => send(response, status, body),
      (error: unknown) => {
        const status = error instanceof Refused ? error.status : 500
        if (status === 500) console.error(error)
        send(response, status, { error: error instanceof Refused ? error.message : 'internal error' })
      },
    )
  }
}

interface Answer {
  readonly status: number
  readonly body?: unknown
}

const answer = async (store: Store, request: IncomingMessage): Promise<Answer> => {
  const [, collection, id, ...rest] = new URL(request.url ?? '/', 'http://localhost').pathname.split('/')
  const method = request.method ?? 'GET'
  if (collection === 'health' && method === 'GET') return { status: 200, body: health(store) }
  if (collection !== 'todos' || rest.length > 0) throw new Refused(404, 'not found')
  if (id === undefined && method === 'GET') return { status: 200, body: store.query(todos.all().orderBy('text')) }
  if (id === undefined && method === 'POST') {
    const { text } = await readJson(request)
    if (typeof text !== 'string' || text === '') throw new Refused(400, '"text" must be a text')
    const todo = { id: crypto.randomUUID(), text }
    // Answered when it is on disk. `confirmed` would wait for the backend instead.
    await store.commit(todoCreated(todo)).persisted
    return { status: 201, body: { ...todo, done: false } }
  }
  if (id === undefined || store.query(todos.where({ id }).count()) === 0) throw new Refused(404, 'no such todo')
  if (method === 'PUT') {
    const { done } = await readJson(request)
    if (typeof done !== 'boolean') throw new Refused(400, '"done" must be true or false')
    await store.commit(todoToggled({ id, done })).persisted
    return { status: 204 }
  }
  if (method !== 'DELETE') throw new Refused(405, `${method} is not known here`)
  await store.commit(todoDeleted({ id })).persisted
  return { status: 204 }
}

const health = ({ status }: Store): unknown => ({
  backend: status.backend.connection,
  pending: status.backend.pending,
  isSynced: status.isSynced,
})

/** Enough for any todo, too little to fill the memory. */
const bodyBytesMax = 64 * 1024

const readJson = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  let text = ''
  request.setEncoding('utf8')
  for await (const part of request) {
    text += part
    if (text.length > bodyBytesMax) throw new Refused(413, 'the body is too large')
  }
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>
  } catch {
    // Refused below.
  }
  throw new Refused(400, 'the body must be a JSON object')
}

const send = (response: ServerResponse, status: number, body?: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(body === undefined ? undefined : JSON.stringify(body))
}
