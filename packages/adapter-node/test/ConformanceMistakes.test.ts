/** The adapter suite against adapters with one mistake each: a suite that lets them pass proves nothing. */
import type { Adapter, AdapterContext, LeaderClient, LeaderMessage } from '@headwater/core/adapter'
import { type AdapterUnderTest, leaderClientSuite, leaderLockSuite, type LockTaker } from '@headwater/testkit'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from './Folder.ts'
import { lockTaker } from './ConformanceActor.ts'
import { nodeWorld } from './NodeWorld.ts'

type Body = () => Promise<void>

/** The case whose name begins so, to be run by hand. */
const caseOf = (register: (test: (name: string, body: Body) => void) => void, begin: string): Body => {
  const found: Array<Body> = []
  register((name, body) => void (name.startsWith(begin) && found.push(body)))
  const [body] = found
  if (body === undefined || found.length > 1) throw new Error(`${found.length} cases begin with "${begin}"`)
  return body
}

const onClient =
  (change: (client: LeaderClient) => LeaderClient) =>
  (adapter: Adapter): Adapter => ({
    ...adapter,
    connect: async (context) => {
      const connection = await adapter.connect(context)
      return { ...connection, client: change(connection.client) }
    },
  })

const methodsOf = (client: LeaderClient): LeaderClient => ({
  listen: (handlers) => client.listen(handlers),
  send: (message, transfer) => client.send(message, transfer),
  close: () => client.close(),
})

/** What has arrived is handed over from inside `send`. */
const deliveringInSend = onClient((client) => {
  const held: Array<() => void> = []
  const deliver = () => {
    while (held.length > 0) held.shift()?.()
  }
  return {
    ...methodsOf(client),
    listen: (handlers) =>
      client.listen({
        ...handlers,
        onMessage: (message) => {
          held.push(() => handlers.onMessage(message))
          setTimeout(deliver)
        },
      }),
    send: (message, transfer) => {
      client.send(message, transfer)
      deliver()
    },
  }
})

/** The last message comes once more when the session has left. */
const talkingAfterClose = onClient((client) => {
  let again = (): void => undefined
  return {
    ...methodsOf(client),
    listen: (handlers) =>
      client.listen({
        ...handlers,
        onMessage: (message) => {
          again = () => handlers.onMessage(message)
          again()
        },
      }),
    close: async () => {
      await client.close()
      again()
    },
  }
})

const overtaking = onClient((client) => ({
  ...methodsOf(client),
  listen: (handlers) =>
    client.listen({
      ...handlers,
      onMessage: (message: LeaderMessage) =>
        message._tag === 'response' && message.n % 3 === 0
          ? void setTimeout(() => handlers.onMessage(message), 5)
          : handlers.onMessage(message),
    }),
}))

const withContext =
  (change: (context: AdapterContext) => AdapterContext) =>
  (adapter: Adapter): Adapter => ({ ...adapter, connect: (context) => adapter.connect(change(context)) })

/** What is wrong, the adapter that does it, the case that says so, and its words. */
const mistakes: ReadonlyArray<readonly [string, (adapter: Adapter) => Adapter, string, RegExp]> = [
  ['messages overtake one another', overtaking, 'messages arrive in the order', /numbers of the answers/],
  ['a message comes while send runs', deliveringInSend, 'messages arrive in the order', /while send was running/],
  ['a message comes after close', talkingAfterClose, 'messages arrive in the order', /after close/],
  [
    'store ids lose their case',
    withContext((context) => ({ ...context, storeId: context.storeId.toLowerCase() })),
    'every valid store id',
    /is the same store as/,
  ],
  [
    'close does not leave',
    onClient((client) => ({ ...methodsOf(client), close: () => Promise.resolve() })),
    'opening and closing again',
    /still runs/,
  ],
  [
    'wipe deletes nothing',
    (adapter) => ({ ...adapter, wipe: () => Promise.resolve() }),
    'wipe deletes everything',
    /entries/,
  ],
  [
    'wipe is not refused',
    (adapter) => ({ ...adapter, wipe: () => Promise.resolve() }),
    'wipe and import are refused',
    /expected a failure/,
  ],
  [
    'import does nothing',
    (adapter) => ({ ...adapter, importLog: () => Promise.resolve() }),
    'an exported log is imported',
    /tables/,
  ],
]

describe('the suite notices when', () => {
  for (const [name, break_, begin, words] of mistakes) {
    test(name, async () => {
      const makeWorld = (): Promise<AdapterUnderTest> => {
        const world = nodeWorld('same-thread')
        return Promise.resolve({ ...world, adapter: break_(world.adapter) })
      }
      const body = caseOf(
        (register) =>
          leaderClientSuite({ test: register, makeWorld, capabilities: ['share', 'persist', 'observeLeader'] }),
        begin,
      )
      await expect(body()).rejects.toThrow(words)
    })
  }

  const lockMistakes: ReadonlyArray<readonly [string, (taker: LockTaker) => LockTaker, string, RegExp]> = [
    [
      'everybody is given the lock',
      (taker) => ({ ...taker, tryTake: () => Promise.resolve(() => Promise.resolve()) }),
      'of many who ask',
      /holders in round 0/,
    ],
    [
      'a lock is not released',
      (taker) => ({
        ...taker,
        tryTake: async (storeId) => ((await taker.tryTake(storeId)) === null ? null : () => Promise.resolve()),
      }),
      'a lock that is free',
      /which is free|released/,
    ],
    [
      'locks lose their case',
      (taker) => ({ ...taker, tryTake: (storeId) => taker.tryTake(storeId.toLowerCase()) }),
      'locks of different stores',
      /which is free/,
    ],
  ]
  for (const [name, break_, begin, words] of lockMistakes) {
    test(name, async () => {
      const here = break_(lockTaker(temporaryFolder()))
      const makeLock = () => Promise.resolve({ here, freeWithinMs: 2000, close: () => Promise.resolve() })
      const body = caseOf((register) => leaderLockSuite({ test: register, makeLock, hasElsewhere: false }), begin)
      await expect(body()).rejects.toThrow(words)
    })
  }
})
