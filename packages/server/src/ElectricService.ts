/** The Electric behind this server: where it is, which shape a store has there, whether it works. */
import type { Health } from '@headwater/backend-http/protocol'
import { shapeColumns } from '@headwater/backend-http/protocol'
import * as Effect from 'effect/Effect'

export interface ElectricOptions {
  /** Its address, or that of a CDN in front of it, without `/v1/shape`: `http://localhost:3000`. */
  readonly url: string | URL
  /** Its `ELECTRIC_SECRET`. Sent to it with every request, and never to anybody else. */
  readonly secret?: string
  /** PostgreSQL schema of the tables. Default `public`. */
  readonly schema?: string
  /**
   * Who may keep answers. `private`: nobody, they belong to the bearer of one token. `shared`: anybody, as Electric's own
   * headers say; only where everybody who reaches the cache in front of this server may read. Default `private`.
   */
  readonly caching?: 'private' | 'shared'
  readonly fetch?: typeof globalThis.fetch
}

export interface ElectricService {
  /** For logs: without the secret. */
  readonly name: string
  readonly caching: 'private' | 'shared'
  /** What pins a store's shape. Parameters in the order of their names, so that a cache sees one address for all readers. */
  readonly shapeUrl: (storeId: string, asked: ReadonlyMap<string, string>) => URL
  readonly fetch: typeof globalThis.fetch
  /** What Electric or the network said, fit for a log: cut, and without the secret. */
  readonly said: (text: string) => string
  /** Answers within {@link healthMs}; asked at most once in {@link healthKeptMs}, whoever asks. */
  readonly health: Effect.Effect<NonNullable<Health['electric']>>
}

/** Enough for any of Electric's messages. **Units** characters. */
const saidMax = 300
/** Load balancers give a health check a few seconds. */
const healthMs = 2_000
/** Health needs no token: nobody can make this server ask Electric more often. */
const healthKeptMs = 1_000

/** **Fails with** a `TypeError`, for a url that is none. */
export const makeElectricService = (options: ElectricOptions): ElectricService => {
  const base = baseOf(options.url)
  const fetch = options.fetch ?? globalThis.fetch.bind(globalThis)
  const schema = options.schema ?? 'public'
  const pinned: ReadonlyArray<[string, string]> = [
    ['table', schema === 'public' ? 'headwater_events' : `${schema}.headwater_events`],
    ['columns', Object.keys(shapeColumns).join(',')],
    ['where', 'store_id = $1'],
    ...(options.secret === undefined ? [] : [['secret', options.secret] as [string, string]]),
  ]
  return {
    name: base,
    caching: options.caching ?? 'private',
    shapeUrl: (storeId, asked) => {
      const url = new URL(`${base}/v1/shape`)
      for (const [name, value] of [...asked, ...pinned, ['params[1]', storeId]] as const)
        url.searchParams.set(name, value)
      url.searchParams.sort()
      return url
    },
    fetch,
    said: (text) => {
      const { secret } = options
      return (secret === undefined || secret === '' ? text : text.replaceAll(secret, '…')).slice(0, saidMax)
    },
    health: Effect.promise(keptFor(healthKeptMs, () => askHealth(fetch, base))),
  }
}

const baseOf = (given: string | URL): string => {
  const url = URL.canParse(String(given)) ? new URL(String(given)) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(`the url of Electric must look like http://localhost:3000, not "${String(given)}"`)
  }
  return url.origin + url.pathname.replace(/\/+$/, '')
}

const askHealth = async (fetch: typeof globalThis.fetch, base: string): Promise<NonNullable<Health['electric']>> => {
  try {
    const response = await fetch(`${base}/v1/health`, { signal: AbortSignal.timeout(healthMs), redirect: 'manual' })
    const body: unknown = await response.json()
    const status = body !== null && typeof body === 'object' && 'status' in body ? body.status : undefined
    if (response.status === 200 && status === 'active') return 'active'
    return response.status === 202 || status === 'waiting' || status === 'starting' ? 'starting' : 'unreachable'
  } catch {
    return 'unreachable'
  }
}

/** One call at a time, its answer kept for a while. */
const keptFor = <A>(ms: number, call: () => Promise<A>): (() => Promise<A>) => {
  let [kept, untilMs]: [Promise<A> | undefined, number] = [undefined, 0]
  return () => {
    if (kept === undefined || performance.now() >= untilMs) {
      untilMs = Infinity
      kept = call().finally(() => {
        untilMs = performance.now() + ms
      })
    }
    return kept
  }
}
