/** The real leader's worker, which hangs, freezes or dies when it is told to. */
import { serveLeader } from '../../../src/LeaderScope.ts'
import { type StorePlace, storeName, type ToWorker } from '../../../src/LeaderWire.ts'
import { opfsFiles } from '../../../src/OpfsFiles.ts'
import { type LeaderOrder, orderChannel } from './LeaderOrder.ts'

serveLeader(opfsFiles)

const obey = (order: LeaderOrder): void => {
  if (order.do === 'hang') for (;;) Math.sqrt(2)
  // The thread is gone in the middle of what it does, and nobody is told.
  if (order.do === 'die') close()
  if (order.do !== 'freeze') return
  const end = performance.now() + order.forMs
  while (performance.now() < end) Math.sqrt(2)
}

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.is !== 'lead') return
  const channel = new BroadcastChannel(orderChannel(storeName((data as StorePlace).directory, data.storeId)))
  channel.addEventListener('message', ({ data: order }: MessageEvent<LeaderOrder>) => obey(order))
})
