/**
 * B7: the highest rate of writes with which another client is told within two seconds, 99 times of 100, and does not fall further
 * and further behind. Rates go up until one does not hold, then the gap is halved.
 */
import { startListeners, startPace } from '../load/Listeners.ts'
import { type LoadStore, loadStores } from '../load/LoadEvents.ts'
import { type LoadPlace, type PlaceKind, withLoadPlace } from '../load/LoadPlace.ts'
import { quantile } from '../Statistics.ts'
import type { Measurement } from '../Workload.ts'

const storeCount = 100
const [firstRate, growth, halvings] = [2_000, 1.5, 3]
const seconds = 5
/** Events whose lag is above this are late. */
const lateUs = 2e6
/** The last fifth of a pace may be told this much later than the first fifth before it counts as growing. */
const growthMax = 1.5
const growthSlackUs = 100_000
/** Then whatever has not come is late beyond doubt. */
const waitMs = 4_000

interface Pace {
  readonly rate: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly holds: boolean
}

export const measureLag = (kind: PlaceKind): Promise<Measurement> =>
  withLoadPlace(kind, 2, async (place) => {
    const stores = loadStores(storeCount, 'lag')
    await place.makeStores(stores)
    const best = await withPaces(place, stores, search)
    return {
      figures: { rate: best.rate, p50: best.p50Ms, p99: best.p99Ms },
      // What is stored depends on how far the search went.
      checksum: 'none',
    }
  })

/** Writers on the first server, readers of the same stores on the last. */
const withPaces = async <A>(
  place: LoadPlace,
  stores: ReadonlyArray<LoadStore>,
  work: (pace: (rate: number) => Promise<Pace>) => Promise<A>,
): Promise<A> => {
  const urls = place.servers.map(({ url }) => url)
  const [writers, readers] = await Promise.all([startPace(), startListeners()])
  try {
    await writers.order({ do: 'open', urls: urls.slice(0, 1), prefix: 'lag', stores: stores.length })
    await readers.order({ do: 'open', urls: urls.slice(-1), storeIds: stores.map(({ storeId }) => storeId) })
    return await work(async (rate) => {
      const { events } = await writers.order({ do: 'pace', rate, seconds })
      const { lagsUs } = await readers.order({ do: 'await', events, ms: waitMs })
      return judge(rate, lagsUs, events)
    })
  } finally {
    writers.stop()
    readers.stop()
  }
}

const judge = (rate: number, lagsUs: ReadonlyArray<number>, events: number): Pace => {
  if (lagsUs.length === 0) return { rate, p50Ms: Infinity, p99Ms: Infinity, holds: false }
  const fifth = Math.max(1, Math.floor(lagsUs.length / 5))
  const [first, last] = [quantile(lagsUs.slice(0, fifth), 0.5), quantile(lagsUs.slice(-fifth), 0.5)]
  const [p50, p99] = [quantile(lagsUs, 0.5), quantile(lagsUs, 0.99)]
  const isGrowing = last > growthMax * first + growthSlackUs
  return { rate, p50Ms: p50 / 1e3, p99Ms: p99 / 1e3, holds: lagsUs.length === events && p99 < lateUs && !isGrowing }
}

const search = async (pace: (rate: number) => Promise<Pace>): Promise<Pace> => {
  // Warms up.
  await pace(firstRate / 2)
  let [best, rate]: [Pace | undefined, number] = [undefined, firstRate]
  for (;;) {
    const tried = await pace(rate)
    if (!tried.holds) break
    best = tried
    rate *= growth
  }
  if (best === undefined) throw new Error(`not even ${firstRate} events a second are told in time`)
  for (let [low, high, i] = [best.rate, rate, 0]; i < halvings; i++) {
    const tried = await pace((low + high) / 2)
    if (tried.holds) [best, low] = [tried, tried.rate]
    else high = tried.rate
  }
  return best
}
