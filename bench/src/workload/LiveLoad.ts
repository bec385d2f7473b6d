/** A thousand live pulls on one server: what they cost at rest, and who is told of an append. */
import { readFileSync } from 'node:fs'
import { startListeners } from '../load/Listeners.ts'
import { loadStores, nextEvents, pushBody } from '../load/LoadEvents.ts'
import { type LoadPlace, type PlaceKind, withLoadPlace } from '../load/LoadPlace.ts'
import { nowUs } from '../load/Obeying.ts'
import { openWireClient, wireRequest } from '../load/WireClient.ts'
import { median } from '../Statistics.ts'
import type { Measurement } from '../Workload.ts'

const [storeCount, readersEach] = [100, 10]
const appends = 50
/** At rest: whatever the append before has set going is over. */
const restMs = 50

/** **Shape** `flags`: of Node, for the servers. */
export const measureLive = (kind: PlaceKind, flags: ReadonlyArray<string>): Promise<Measurement> => {
  const measure = async (place: LoadPlace): Promise<Measurement> => {
    const stores = loadStores(storeCount, 'live')
    await place.makeStores(stores)
    const [writing, reading] = [place.servers[0]!, place.servers.at(-1)!]
    const readers = await startListeners()
    const storeIds = stores.flatMap(({ storeId }) => Array.from({ length: readersEach }, () => storeId))
    await readers.order({ do: 'open', urls: [reading.url], storeIds })
    const client = await openWireClient(writing.url)
    const [told, lags]: [Array<number>, Array<number>] = [[], []]
    for (const store of stores.slice(0, appends)) {
      await new Promise((resolve) => setTimeout(resolve, restMs))
      const events = nextEvents(store, 1, () => JSON.stringify({ t: nowUs() }))
      const url = new URL(`${writing.url}/v1/stores/${store.storeId}/push`)
      await client.send(wireRequest('POST', url, pushBody(store, events)))
      // Those who should be told are; then a moment for those who should not be.
      const { lagsUs } = await readers.order({ do: 'await', events: readersEach, ms: 5_000 })
      const after = await readers.order({ do: 'await', events: 1, ms: restMs })
      told.push(lagsUs.length + after.told)
      lags.push(...lagsUs)
    }
    const residentMb = residentBytes(reading.pid) / 1e6
    client.close()
    readers.stop()
    return {
      figures: { resident: residentMb, told: median(told), toldMax: Math.max(...told), lag: median(lags) / 1e3 },
      // Every event says when it was due: no two runs store the same.
      checksum: 'none',
    }
  }
  return withLoadPlace(kind, 2, measure, flags)
}

/** Of a process. Linux only, as `/proc` is. */
const residentBytes = (pid: number): number => {
  const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
  return Number(pages) * 4_096
}
