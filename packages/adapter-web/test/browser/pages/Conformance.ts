/** The suites that every adapter runs, in a page, with other tabs. `?relay`: without SharedWorker. */
import {
  type AdapterUnderTest,
  leaderClientSuite,
  leaderLockSuite,
  type LockPlace,
  remoteLock,
  remoteSessions,
  type SessionPlace,
} from '@headwater/testkit'
import { storeName } from '../../../src/LeaderWire.ts'
import { lockHolder } from '../../../src/StoreLock.ts'
import { webAdapter, type WebAdapterOptions } from '../../../src/WebAdapter.ts'
import { exposePageSuite, suiteCases } from '../SuiteCases.ts'
import { askTabs } from '../TabDriver.ts'
import { channelPort } from './Actor.ts'
import type { FormatRequest } from './FormatWorker.ts'
import { orderLeader, startObedientWorker } from './LeaderOrder.ts'
import { lockTaker } from './LockTaker.ts'

const transport = location.search === '?relay' ? 'relay' : 'auto'
/** Detection takes three beats, a theft a second; the rest is for a machine however busy. */
const takeoverWithinMs = 20_000
const heartbeatMs = 800
/** Never notices by itself that its leader is frozen, as a tab that was suspended with its worker does not. */
const heartbeatElsewhereMs = 3_600_000

/** Longer than it takes to be robbed. **Units** ms. */
const frozenMs = 6000

const setVersion = async (request: FormatRequest): Promise<number> => {
  const worker = new Worker(new URL('./FormatWorker.ts', import.meta.url), { type: 'module' })
  const answered = new Promise<number>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<number>) => resolve(data))
    worker.addEventListener('error', (event) => reject(new Error(event.message)))
  })
  worker.postMessage(request)
  try {
    return await answered
  } finally {
    worker.terminate()
  }
}

const openTab = async (role: 'sessions' | 'lock') => {
  const channel = crypto.randomUUID()
  const port = channelPort(channel, 'suite')
  let tellRunning = (): void => undefined
  const running = new Promise<void>((resolve) => (tellRunning = resolve))
  port.listen((message) => {
    if (message === 'running') tellRunning()
  })
  await askTabs({ do: 'open', tab: channel, path: `Actor#${role}&${channel}` })
  await running
  return { port, kill: () => askTabs({ do: 'crash', tab: channel }) }
}

const sessionTab = async (options: WebAdapterOptions): Promise<SessionPlace> => {
  const tab = await openTab('sessions')
  const sessions = remoteSessions(tab.port, options)
  return {
    ...sessions,
    kill: async () => {
      await tab.kill()
      sessions.end()
    },
  }
}

const makeWorld = (): Promise<AdapterUnderTest> => {
  const directory = `world-${crypto.randomUUID()}`
  const options: WebAdapterOptions = { directory, transport, heartbeatMs }
  const nameOf = (storeId: string): string => storeName(directory, storeId)
  return Promise.resolve({
    adapter: webAdapter({ ...options, startWorker: startObedientWorker }),
    takeoverWithinMs,
    elsewhere: () => sessionTab({ ...options, heartbeatMs: heartbeatElsewhereMs }),
    isLed: async (storeId) => (await lockHolder(nameOf(storeId))) !== null,
    killLeader: (storeId) => Promise.resolve(orderLeader(nameOf(storeId), { do: 'die' })),
    freezeLeader: (storeId) => {
      const thawAt = performance.now() + frozenMs
      orderLeader(nameOf(storeId), { do: 'freeze', forMs: frozenMs })
      return Promise.resolve(() => new Promise((resolve) => setTimeout(resolve, thawAt - performance.now())))
    },
    setNewerFormat: async (storeId) => {
      const before = await setVersion({ storeId, directory, version: 99 })
      return async () => void (await setVersion({ storeId, directory, version: before }))
    },
    hangLeader: (storeId) => Promise.resolve(orderLeader(nameOf(storeId), { do: 'hang' })),
    close: () => Promise.resolve(),
  })
}

const suite = suiteCases()

leaderClientSuite({
  test: suite.test,
  makeWorld,
  capabilities: [
    'share',
    'persist',
    'elsewhere',
    'observeLeader',
    'killLeader',
    'hangLeader',
    'freezeLeader',
    'newerFormat',
  ],
})

const taker = await lockTaker()
suite.describe('lock', () =>
  leaderLockSuite({
    test: suite.test,
    hasElsewhere: true,
    makeLock: () =>
      Promise.resolve({
        here: taker,
        elsewhere: async (): Promise<LockPlace> => {
          const tab = await openTab('lock')
          const { end, ...remote } = await remoteLock(tab.port, null)
          return {
            ...remote,
            kill: async () => {
              await tab.kill()
              end()
            },
          }
        },
        freeWithinMs: 5000,
        close: () => Promise.resolve(),
      }),
  }),
)

exposePageSuite(suite)
