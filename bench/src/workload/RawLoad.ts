import { loadStores } from '../load/LoadEvents.ts'
import { withLoadPlace } from '../load/LoadPlace.ts'
import { rawAppends } from '../load/RawAppends.ts'
import type { Measurement } from '../Workload.ts'
import { loadBatchSize, loadPushes, loadStoreCount, rawConnections } from './LoadSizes.ts'

/** The same batches without a server: its statement from a plain program. */
export const measureRawLoad = (group: number): Promise<Measurement> =>
  withLoadPlace('postgres', 0, async (place) => {
    const [stores, warm] = [loadStores(loadStoreCount), loadStores(loadStoreCount, 'warm')]
    await place.makeStores([...stores, ...warm])
    const plan = { databaseUrl: place.databaseUrl ?? '', batchSize: loadBatchSize, connections: rawConnections, group }
    await rawAppends({ ...plan, stores: warm, pushes: loadPushes / 4 })
    const seconds = await rawAppends({ ...plan, stores, pushes: loadPushes })
    const { checksum } = await place.stored()
    return { figures: { appends: (loadPushes * loadBatchSize) / seconds }, checksum }
  })
