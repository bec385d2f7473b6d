/** A tab that serves sessions, or takes locks, for a suite in another one. `#<role>&<channel>` */
import { serveLock, serveSessions, type SuitePort } from '@headwater/testkit'
import { webAdapter, type WebAdapterOptions } from '../../../src/WebAdapter.ts'
import { startObedientWorker } from './LeaderOrder.ts'
import { lockTaker } from './LockTaker.ts'

/** Both ends of a port between tabs. */
export const channelPort = (name: string, side: 'suite' | 'actor'): SuitePort => {
  const channel = new BroadcastChannel(name)
  return {
    post: (message) => channel.postMessage({ from: side, message }),
    listen: (take) =>
      channel.addEventListener('message', ({ data }) => {
        if (data.from !== side) take(data.message)
      }),
  }
}

const [role, channel] = location.hash.slice(1).split('&')
if (role !== undefined && channel !== undefined) {
  const port = channelPort(channel, 'actor')
  if (role === 'sessions')
    serveSessions(port, (options) =>
      webAdapter({ ...(options as WebAdapterOptions), startWorker: startObedientWorker }),
    )
  else {
    const taker = await lockTaker()
    serveLock(port, () => taker)
  }
  port.post('running')
}
