import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type HttpClient, startHttpClient } from '../HttpClient.ts'
import { startHttpServer } from '../HttpServer.ts'
import { withScratchFolder } from '../ScratchFolder.ts'
import { median, quantile } from '../Statistics.ts'
import type { Measurement } from '../Workload.ts'
import { batchSize, eventCount, loneCount, warmUpCount } from './HttpSizes.ts'

/** At rest: whatever the last event set going is over at both clients. */
const restMs = 30

/** Server, client A and client B in a process each, every client with its leader in a worker and its log on the disk. */
export const measureHeadwaterHttp = (): Promise<Measurement> =>
  withScratchFolder(async (folder) => {
    const server = await startHttpServer({ data: path.join(folder, 'server') })
    const [a, b] = await Promise.all(['a', 'b'].map((name) => startHttpClient(server.url, path.join(folder, name))))
    if (a === undefined || b === undefined) throw new Error('no clients')
    await pour(a, b, 0, warmUpCount)
    await sleep(10 * restMs)
    const seconds = await pour(a, b, warmUpCount, eventCount)
    const times = await loneTimes(a, b, warmUpCount + eventCount)
    const [ofA, ofB] = await Promise.all([a.order({ do: 'close' }), b.order({ do: 'close' })])
    await server.stop()
    if (ofA.checksum !== ofB.checksum) throw new Error(`A stored ${ofA.checksum}, B stored ${ofB.checksum}`)
    return {
      figures: { throughput: eventCount / seconds, lone: median(times), loneP99: quantile(times, 0.99) },
      checksum: ofA.checksum ?? '',
    }
  })

/** **Units** seconds from A's first commit until B's live query has all. */
const pour = async (a: HttpClient, b: HttpClient, first: number, count: number): Promise<number> => {
  const seen = b.order({ do: 'await', count: first + count })
  const poured = await a.order({ do: 'pour', first, count, batchSize })
  const { atNs } = await seen
  await a.order({ do: 'settle' })
  return (atNs - poured.atNs) / 1e9
}

/** One commit at a time at A, at rest, until B's live query has it. **Units** ms. */
export const loneTimes = async (a: HttpClient, b: HttpClient, first: number): Promise<ReadonlyArray<number>> => {
  const times: Array<number> = []
  for (let index = first; index < first + loneCount; index++) {
    await sleep(restMs)
    const seen = b.order({ do: 'await', count: index + 1 })
    await sleep(restMs)
    const committed = await a.order({ do: 'commit', index })
    times.push(((await seen).atNs - committed.atNs) / 1e6)
  }
  return times
}
