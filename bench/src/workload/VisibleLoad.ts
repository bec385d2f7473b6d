import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startHttpClient } from '../HttpClient.ts'
import { type PlaceKind, withLoadPlace } from '../load/LoadPlace.ts'
import { withScratchFolder } from '../ScratchFolder.ts'
import { median, quantile } from '../Statistics.ts'
import type { Measurement } from '../Workload.ts'
import { loneTimes } from './HeadwaterHttp.ts'

const warmUpCount = 200
const batchSize = 100
const restMs = 300

/** Two whole clients, each with its leader in a worker and its files, each on a server of its own. */
export const measureVisible = (kind: PlaceKind): Promise<Measurement> =>
  withScratchFolder((folder) =>
    withLoadPlace(kind, 2, async (place) => {
      const [a, b] = await Promise.all([
        startHttpClient(place.servers[0]!.url, path.join(folder, 'a')),
        startHttpClient(place.servers.at(-1)!.url, path.join(folder, 'b')),
      ])
      const seen = b.order({ do: 'await', count: warmUpCount })
      await a.order({ do: 'pour', first: 0, count: warmUpCount, batchSize })
      await seen
      await sleep(restMs)
      const times = await loneTimes(a, b, warmUpCount)
      const [ofA, ofB] = await Promise.all([a.order({ do: 'close' }), b.order({ do: 'close' })])
      if (ofA.checksum !== ofB.checksum) throw new Error(`A stored ${ofA.checksum}, B stored ${ofB.checksum}`)
      return { figures: { p50: median(times), p99: quantile(times, 0.99) }, checksum: ofA.checksum ?? '' }
    }),
  )
