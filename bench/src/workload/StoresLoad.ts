/** B8: appends of one event of 256 bytes each, to one store, to a thousand, to a hundred thousand. */
import { appendLoad } from '../load/AppendLoad.ts'
import { loadStores } from '../load/LoadEvents.ts'
import { type PlaceKind, withLoadPlace } from '../load/LoadPlace.ts'
import type { Measurement } from '../Workload.ts'

/** A store has one writer here: its log is a chain, so the next append waits for the answer to the one before. */
const plans = [
  { name: 'one', stores: 1, pushes: 1_500, connections: 1 },
  { name: 'oneBatched', stores: 1, pushes: 300, connections: 1, batchSize: 100 },
  { name: 'thousand', stores: 1_000, pushes: 20_000, connections: 100 },
  { name: 'hundredThousand', stores: 100_000, pushes: 20_000, connections: 100 },
] as const

const eventBytes = 256

export const measureStores = (kind: PlaceKind): Promise<Measurement> =>
  withLoadPlace(kind, 1, async (place) => {
    await place.makeStores([
      ...loadStores(100, 'warm'),
      ...plans.flatMap(({ name, stores }) => loadStores(stores, name)),
    ])
    const urls = place.servers.map(({ url }) => url)
    await appendLoad({ urls, prefix: 'warm', stores: 100, pushes: 3_000, batchSize: 1, eventBytes, connections: 100 })
    const figures: Record<string, number> = {}
    let events = 3_000
    for (const { name, batchSize = 1, ...plan } of plans.map((each) => ({ batchSize: 1, ...each }))) {
      const load = await appendLoad({ urls, prefix: name, batchSize, eventBytes, ...plan })
      figures[name] = load.pushes / load.seconds
      figures[`${name}P50`] = load.p50Ms
      events += load.events
    }
    const stored = await place.stored()
    if (stored.events !== events) throw new Error(`${events} events were acknowledged, ${stored.events} are there`)
    return { figures, checksum: stored.checksum }
  })
