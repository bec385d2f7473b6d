import type { BackendEvent, BackendPosition, PulledEvent } from '@headwater/core/backend'
import { type HandlerOptions, makeHandler, sqliteLogStorage } from '@headwater/server'
import * as Effect from 'effect/Effect'
import { rmSync } from 'node:fs'
import { temporaryFolder } from './ServerFixture.ts'

/** A handler over real SQLite storage, called without a network. */
export interface HandlerFixture {
  readonly handle: (request: Request) => Promise<Response>
  readonly storage: HandlerOptions['storage']
  readonly close: () => Promise<void>
}

export const handlerFixture = (options: Partial<HandlerOptions> = {}): HandlerFixture => {
  const folder = temporaryFolder()
  const storage = sqliteLogStorage({ folder, makeBackendId: () => `log-${crypto.randomUUID()}` })
  return {
    handle: makeHandler({ storage, ...options }),
    storage,
    close: async () => {
      await Effect.runPromise(storage.close)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const address = (path: string): string => `http://127.0.0.1${path}`

export const get = (path: string, headers: Record<string, string> = {}): Request =>
  new Request(address(path), { headers })

export const post = (path: string, body: string | ReadableStream, headers: Record<string, string> = {}): Request =>
  new Request(address(path), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    duplex: 'half',
  })

export const event = (parent: BackendPosition, fields: Partial<BackendEvent> = {}): BackendEvent => ({
  global: parent.global + 1,
  parentGlobal: parent.global,
  parentId: parent.eventId,
  id: crypto.randomUUID(),
  name: 'testEvent',
  argsJson: '{"secret":"args"}',
  clientId: 'client-a',
  sessionId: 'session',
  createdAt: 1,
  ...fields,
})

export const root: BackendPosition = { global: 0, eventId: null }

/** A push of these events, with the id of the store's log asked for first. */
export const push = async (
  fixture: HandlerFixture,
  events: ReadonlyArray<BackendEvent>,
  headers: Record<string, string> = {},
): Promise<Response> => {
  const { backendId } = await Effect.runPromise(fixture.storage.info('s'))
  const [first] = events
  const parent = { global: first?.parentGlobal ?? 0, eventId: first?.parentId ?? null }
  return fixture.handle(post('/v1/stores/s/push', JSON.stringify({ backendId, parent, events }), headers))
}

export const pulled = async (fixture: HandlerFixture): Promise<ReadonlyArray<PulledEvent>> => {
  const page: unknown = await (await fixture.handle(get('/v1/stores/s/pull', { authorization: 'Bearer a' }))).json()
  return page !== null && typeof page === 'object' && 'events' in page
    ? (page.events as ReadonlyArray<PulledEvent>)
    : []
}

/** Status and tag of an error answer, its message has to say something. */
export const errorOf = async (response: Response): Promise<[number, string]> => {
  const body = (await response.json()) as { error: { tag: string; message: string } }
  if (body.error.message.length < 10) throw new Error(`a message that says nothing: ${JSON.stringify(body)}`)
  return [response.status, body.error.tag]
}
