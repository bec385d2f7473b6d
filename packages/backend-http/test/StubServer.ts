import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import { httpBackend, type HttpBackendOptions } from '@headwater/backend-http'
import type { PullPage, PullRequest, SyncBackend, SyncBackendError } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'

/** A server that answers as a test says: for what a real one never does. */
export interface StubServer {
  readonly url: string
  readonly requests: ReadonlyArray<IncomingMessage>
  readonly close: () => Promise<void>
}

export type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void

export const stubServer = async (answer: Answer): Promise<StubServer> => {
  const requests: Array<IncomingMessage> = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response, new URL(request.url ?? '/', 'http://stub'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Runs `use` with a client of a stub server. */
export const withStub = async <A>(
  answer: Answer,
  options: Partial<HttpBackendOptions>,
  use: (backend: SyncBackend, stub: StubServer) => Effect.Effect<A, SyncBackendError>,
): Promise<A> => {
  const stub = await stubServer(answer)
  try {
    const provider = httpBackend({ ...options, url: stub.url })
    return await Effect.runPromise(
      Effect.scoped(
        Effect.flatMap(provider.make({ storeId: 'stub', clientId: 'client-a' }), (backend) => use(backend, stub)),
      ),
    )
  } finally {
    await stub.close()
  }
}

export const livePull: PullRequest = {
  backendId: null,
  after: { global: 0, eventId: null },
  cursor: null,
  isLive: true,
}

export const caughtUp = (head = 0): PullPage => ({
  backendId: 'stub-log',
  events: [],
  cursor: null,
  head: { global: head, eventId: head === 0 ? null : `event-${head}` },
  isCaughtUp: true,
})

/** A page of one event at `global`. */
export const pageOf = (global: number): PullPage => ({
  ...caughtUp(global),
  events: [
    {
      global,
      parentGlobal: global - 1,
      parentId: global === 1 ? null : `event-${global - 1}`,
      id: `event-${global}`,
      name: 'stubEvent',
      argsJson: '{}',
      clientId: 'client-b',
      sessionId: 'session',
      createdAt: 1,
      syncMetadataJson: null,
    },
  ],
})

export const json = (response: ServerResponse, body: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

export const sse = (response: ServerResponse, page: PullPage): void => {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(`id: ${page.head.global}\ndata: ${JSON.stringify(page)}\n\n`)
}

/** Tag of the reason an effect fails for. */
export const tagOf = <A>(effect: Effect.Effect<A, SyncBackendError>): Effect.Effect<string> =>
  Effect.map(Effect.result(effect), (result) => (result._tag === 'Failure' ? result.failure.reason._tag : 'success'))

/** Numbers of the first `count` events of a live pull. */
export const takeGlobals = (backend: SyncBackend, count: number): Effect.Effect<Array<number>, SyncBackendError> =>
  backend.pull(livePull).pipe(
    Stream.flatMap((page) => Stream.fromIterable(page.events)),
    Stream.map((event) => event.global),
    Stream.take(count),
    Stream.runCollect,
  )
