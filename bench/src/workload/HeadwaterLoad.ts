import { appendLoad } from '../load/AppendLoad.ts'
import { loadStores, todoArgsJson, nextEvents } from '../load/LoadEvents.ts'
import { type PlaceKind, withLoadPlace } from '../load/LoadPlace.ts'
import { openWireClient, wireRequest } from '../load/WireClient.ts'
import type { Measurement } from '../Workload.ts'
import { loadBatchSize, loadConnections, loadPushes, loadStoreCount } from './LoadSizes.ts'

/** Batches through HTTP into one server. What was acknowledged is counted in its database when it has stopped. */
export const measureLoad = (kind: PlaceKind): Promise<Measurement> =>
  withLoadPlace(kind, 1, async (place) => {
    const plan = {
      stores: loadStoreCount,
      batchSize: loadBatchSize,
      eventBytes: null,
      connections: loadConnections,
    }
    const [stores, warm] = [loadStores(loadStoreCount), loadStores(loadStoreCount, 'warm')]
    await place.makeStores([...stores, ...warm])
    const urls = place.servers.map(({ url }) => url)
    const warmed = await appendLoad({ ...plan, urls, prefix: 'warm', pushes: loadPushes / 4 })
    const { events, seconds, p50Ms, p99Ms, upPerByte } = await appendLoad({
      ...plan,
      urls,
      prefix: 'load',
      pushes: loadPushes,
    })
    const downPerByte = await pulledPerByte(urls[0]!, 'load-0', events / loadStoreCount)
    const stored = await place.stored()
    if (stored.events !== events + warmed.events)
      throw new Error(`${events + warmed.events} events were acknowledged, ${stored.events} are there`)
    return {
      figures: { appends: events / seconds, pushP50: p50Ms, pushP99: p99Ms, upPerByte, downPerByte },
      checksum: stored.checksum,
    }
  })

/** Received, with heads and framing, for each byte of the events' own JSON. */
const pulledPerByte = async (url: string, storeId: string, count: number): Promise<number> => {
  const client = await openWireClient(url)
  let [after, own]: [{ readonly global: number; readonly id: string } | undefined, number] = [undefined, 0]
  for (const event of nextEvents(loadStores(1)[0]!, count, todoArgsJson)) own += JSON.stringify(event).length
  while ((after?.global ?? 0) < count) {
    const place = after === undefined ? 'after=0' : `after=${after.global}&afterId=${after.id}`
    const { body } = await client.send(wireRequest('GET', new URL(`${url}/v1/stores/${storeId}/pull?${place}`)))
    after = (JSON.parse(body) as { readonly events: ReadonlyArray<{ global: number; id: string }> }).events.at(-1)
    if (after === undefined) throw new Error(`${storeId} ends before e${count}`)
  }
  const { down } = client.bytes()
  client.close()
  return down / own
}
