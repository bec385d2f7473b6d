/** A page that runs the portable loops: `headwaterBench` on its global object. `?relay`: without SharedWorker. */
import { webAdapter } from '@headwater/adapter-web'
import type { Adapter } from '@headwater/core'
import { makeColdStores } from '../ColdStart.ts'
import { type FollowerAnswer, openFollower } from '../Follower.ts'
import type { Measurement } from '../Workload.ts'
import type { FollowerLine } from '../workload/HeadwaterFollow.ts'
import { type LoopName, portableLoops } from './PortableLoops.ts'
import { holdPath, openTabChannel, type TabOrder, tabNow, thawPath } from './TabChannel.ts'

const transport = location.search === '?relay' ? 'relay' : 'auto'

const adapterAt = (place: string): Adapter => webAdapter({ directory: place, transport })

/** What the harness has put there: opens a second tab of this page, and has it follow the store at that place. */
declare const openFollowerTab: (place: string) => Promise<void>

const openFollowerOf = async (place: string): Promise<FollowerLine> => {
  await openFollowerTab(place)
  const channel = openTabChannel()
  const post = (order: TabOrder): void => channel.postMessage(order)
  return {
    now: tabNow,
    freeze: () => {
      post({ order: 'freeze' })
      return () => void fetch(thawPath)
    },
    order: (order) => {
      const answered = new Promise<FollowerAnswer>((resolve) =>
        channel.addEventListener('message', ({ data }: MessageEvent<TabOrder>) => {
          if ('answer' in data) resolve(data.answer)
        }),
      )
      post({ order })
      return answered
    },
  }
}

/** The page's thread is blocked, as that of a page that is stopped. */
const standStill = (): void => {
  const request = new XMLHttpRequest()
  request.open('GET', holdPath, false)
  request.send()
}

const page = {
  run: (loop: LoopName): Promise<Measurement> => portableLoops[loop]({ adapterAt, openFollower: openFollowerOf }),
  makeColdStores: (): Promise<void> => makeColdStores(adapterAt),
  /** Is the second session of the store at that place from now on. */
  follow: async (place: string): Promise<void> => {
    const channel = openTabChannel()
    const take = await openFollower(adapterAt(place), tabNow, (answer) =>
      channel.postMessage({ answer } satisfies TabOrder),
    )
    channel.addEventListener('message', ({ data }: MessageEvent<TabOrder>) => {
      if (!('order' in data)) return
      if (data.order === 'freeze') standStill()
      else take(data.order)
    })
  },
}

export type BenchPage = typeof page

Object.assign(globalThis, { headwaterBench: page })
