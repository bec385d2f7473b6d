import { type HttpBackendOptions, httpBackend } from '@headwater/backend-http'
import type { SyncBackendProvider } from '@headwater/core/backend'
import type { ServerOptions } from '@headwater/server'
import type { BackendUnderTest, SuiteTest } from '@headwater/testkit'
import { faultProxy } from '@headwater/testkit/node'
import { test } from 'vitest'
import { type ServerFixture, serverFixture } from './ServerFixture.ts'

/** Where the server keeps its logs, and how an operator's tool changes them behind its back. */
export interface Place {
  readonly options: Pick<ServerOptions, 'database' | 'electric'>
  readonly replaceLog: (storeId: string, server: ServerFixture) => Promise<void>
  readonly restore: (storeId: string, global: number, server: ServerFixture) => Promise<void>
  /** What the server reads from, restarted while it is stopped. */
  readonly restart?: () => Promise<void>
}

/** The server's own is 50 ms; much longer, so that a busy machine does not look like a dead connection. */
const heartbeatMs = 2_000

/** `slowReader` is proved apart, on a server whose reads are counted. */
export const httpCapabilities = [
  'restart',
  'offline',
  'loseAnswer',
  'refuse',
  'token',
  'rateLimit',
  'stall',
  'silence',
  'replaceLog',
  'restore',
] as const

/** Cases run side by side, since each has a backend of its own: most of their time goes to disks and heartbeats. */
export const sideBySide = (isMeant: (name: string) => boolean = () => true): SuiteTest =>
  Object.assign(
    (name: string, body: () => Promise<void>) => (isMeant(name) ? test.concurrent : test.skip)(name, body),
    {
      skip: test.skip,
    },
  )

/** The real client, over real HTTP through a proxy, against the real server. */
export const httpBackendUnderTest = async (
  live: 'sse' | 'poll',
  place: Place,
  backend: (options: HttpBackendOptions) => SyncBackendProvider = httpBackend,
): Promise<BackendUnderTest> => {
  let token = 'valid'
  let retryAfterMs: number | null = null
  const options: Partial<ServerOptions> = {
    ...place.options,
    authorize: (request) => {
      if (retryAfterMs !== null) return { refused: 'too many requests', status: 429, retryAfterMs }
      return request.headers.get('authorization') === 'Bearer valid' ? { id: 'user' } : { refused: 'expired' }
    },
    validate: (_, event) => (event.name === 'refused' ? 'refused' : undefined),
  }
  const server = await serverFixture(options)
  const proxy = await faultProxy({ target: server.url, seed: 1 })
  return {
    provider: backend({ url: proxy.url, getToken: async () => token, live, heartbeat: heartbeatMs }),
    restart: async () => {
      await server.stop()
      await place.restart?.()
      await server.start()
    },
    setOnline: (isOnline) => (isOnline ? server.start() : server.stop()),
    loseNextAnswer: async () => proxy.hitNext('cut-answer', { cutAfterBytes: 0 }, ({ method }) => method === 'POST'),
    setAuthorized: async (isAuthorized) => {
      token = isAuthorized ? 'valid' : 'expired'
    },
    setRateLimit: async (ms) => {
      retryAfterMs = ms
    },
    setStalled: async (isStalled) => (isStalled ? proxy.partition('black-hole') : proxy.heal()),
    // Time is what this is about: nothing else can be awaited.
    passSilence: () => new Promise((resolve) => setTimeout(resolve, 2.2 * heartbeatMs)),
    replaceLog: (storeId) => place.replaceLog(storeId, server),
    restore: (storeId, global) => place.restore(storeId, global, server),
    close: async () => {
      await proxy.close()
      await server.close()
    },
  }
}
