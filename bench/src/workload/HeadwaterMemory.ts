import { measureMemory } from '../MemoryLoop.ts'
import { importPublished, wasmBinary } from '../PublishedCode.ts'
import type { Measurement } from '../Workload.ts'
import type { Engine } from './CommitWorkload.ts'
import type * as headwaterPeer from './HeadwaterPeer.ts'

export const measureHeadwaterMemory = async (engine: Engine): Promise<Measurement> => {
  const entry = new URL('HeadwaterPeer.ts', import.meta.url)
  const { openHeadwaterPeer } = (await importPublished(entry)) as typeof headwaterPeer
  const options = engine === 'wa-sqlite' ? { wasmBinary: wasmBinary() } : {}
  return measureMemory(() => openHeadwaterPeer(engine, options)({ count: true, others: 0 }))
}
