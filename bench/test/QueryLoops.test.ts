import { memoryAdapter } from '@headwater/adapter-node'
import { describe, expect, it } from 'vitest'
import { measureLiveQueries } from '../src/LiveQueriesLoop.ts'
import { measureReactiveLoop } from '../src/ReactiveLoop.ts'
import { openHeadwaterLiveQueries } from '../src/workload/HeadwaterLiveQueries.ts'
import { openHeadwaterReactive } from '../src/workload/HeadwaterReactive.ts'
import { openRawLiveQueries } from '../src/workload/RawLiveQueries.ts'
import { openRawReactive } from '../src/workload/RawReactive.ts'

/** A slow side is measured with fewer writes; its checksum must be that of the others all the same. */
describe('what every subscriber was told last does not depend on how much was measured', () => {
  it('live queries', { timeout: 60_000 }, async () => {
    const ours = await measureLiveQueries(openHeadwaterLiveQueries(memoryAdapter()), { turns: 2, commits: 3 })
    const raw = await measureLiveQueries(openRawLiveQueries, { turns: 3, commits: 1 })
    expect(raw.checksum).toBe(ours.checksum)
    expect(Object.keys(raw.figures)).toEqual(Object.keys(ours.figures))
  })

  it('reactive loop', { timeout: 60_000 }, async () => {
    const ours = await measureReactiveLoop(openHeadwaterReactive(memoryAdapter()), { warmUp: 0, measured: 7 })
    const raw = await measureReactiveLoop(openRawReactive, { warmUp: 2, measured: 31 })
    expect(raw.checksum).toBe(ours.checksum)
  })
})
