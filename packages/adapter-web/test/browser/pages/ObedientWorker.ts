/** The real leader's worker, which hangs, freezes or dies when it is told to, and may be slow: see {@link startSlowWorker}. */
import { watchedConnection } from '@headwater/testkit'
import { serveLeader } from '../../../src/LeaderScope.ts'
import { type StorePlace, storeName, type ToWorker } from '../../../src/LeaderWire.ts'
import { opfsFiles } from '../../../src/OpfsFiles.ts'
import type { WebFiles } from '../../../src/WebLeader.ts'
import { type LeaderOrder, orderChannel } from './LeaderOrder.ts'

const busy = (forMs: number): void => {
  const end = performance.now() + forMs
  while (performance.now() < end) Math.sqrt(2)
}

/** Each COMMIT of the log takes that long, as on a disk that is far too slow. */
const slowFiles = (commitMs: number): WebFiles => ({
  ...opfsFiles,
  open: async (options) => {
    const { storage, close } = await opfsFiles.open(options)
    const openEventlog = () =>
      watchedConnection(storage.openEventlog(), ({ kind, sql }, run) => {
        if (sql === 'COMMIT' && kind !== 'prepare') busy(commitMs)
        return run()
      })
    return { storage: { ...storage, openEventlog }, close }
  },
})

const { name } = self as unknown as { readonly name: string }
serveLeader(name === '' ? opfsFiles : slowFiles(Number(name)))

const obey = (order: LeaderOrder): void => {
  if (order.do === 'hang') for (;;) Math.sqrt(2)
  // The thread is gone in the middle of what it does, and nobody is told.
  if (order.do === 'die') close()
  if (order.do !== 'freeze') return
  busy(order.forMs)
}

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.is !== 'lead') return
  const channel = new BroadcastChannel(orderChannel(storeName((data as StorePlace).directory, data.storeId)))
  channel.addEventListener('message', ({ data: order }: MessageEvent<LeaderOrder>) => obey(order))
})
