/**
 * How the servers of one database wake each other's readers.
 *
 * | Way        | When                                                       | Costs                                              |
 * | ---------- | ---------------------------------------------------------- | -------------------------------------------------- |
 * | NOTIFY     | after appends, at once, then at most every {@link notifyMs} | one statement for all stores that have news by then |
 * | the look   | every {@link lookMs}, sooner while nothing is heard         | one statement for all stores that have readers here |
 *
 * NOTIFY takes a lock on the whole database when its transaction commits, so it is never part of an append's. A message that
 * is lost (a connection breaks, a server dies between append and message) costs the readers the time until the next look.
 *
 * **Shape**  of a message: `<server> <storeId> <storeId> …`, or `<server> *`: look for yourself.
 */
import { randomBytes } from 'node:crypto'
import type { Client } from 'pg'
import type { PostgresPool } from './PostgresPool.ts'
import type { StoreListeners } from './StoreListeners.ts'

export interface PostgresNews {
  /** Tells the other servers, soon. The listeners here are the caller's business. */
  readonly tell: (storeId: string) => void
  /** Whether messages of other servers arrive. */
  readonly isHearing: () => boolean
  readonly end: () => Promise<void>
}

export interface PostgresNewsOptions {
  readonly pool: PostgresPool
  /** One per set of tables. */
  readonly channel: string
  readonly listeners: StoreListeners
  /** Where these stores' logs end, as text that differs if anything does. */
  readonly heads: (storeIds: ReadonlyArray<string>) => Promise<ReadonlyMap<string, string>>
  readonly onFailure: (operation: string, error: unknown) => void
  readonly lookMs?: number
}

/** 50 messages a second and server, whatever the load; far below what a reader notices. */
const notifyMs = 20
const lookMsDefault = 5_000
/** While messages do not arrive, looking is all there is. */
const deafLookMs = 1_000
/** Waits between attempts to listen: doubled up to this, and up to twice as long by chance. */
const reconnectMsMax = 10_000
/** PostgreSQL takes less than 8,000 bytes. */
const messageBytesMax = 7_900
/** With more stores than this in one message's time, the others look for themselves. */
const toldMax = 1_000
/** Stores asked for in one statement. */
const lookMax = 5_000

/** Prepared: it runs after every append at rest, and readers on other servers wait for it. */
const notifyStatement = {
  name: 'headwater notify',
  text: 'SELECT pg_notify($1, message) FROM unnest($2::text[]) AS message',
}

export const makePostgresNews = (options: PostgresNewsOptions): PostgresNews => {
  const { pool, channel, listeners, onFailure } = options
  const server = randomBytes(6).toString('base64url')
  const untold = new Set<string>()
  /** Where the logs of stores with readers ended at the last look. */
  let seen = new Map<string, string>()
  let client: Client | undefined
  let [isTelling, isEnded, attempts] = [false, false, 0]
  const timers = { look: undefined as NodeJS.Timeout | undefined, listen: undefined as NodeJS.Timeout | undefined }

  const hear = (message: string): void => {
    const [from, ...storeIds] = message.split(' ')
    if (from === server) return
    if (storeIds[0] === '*') return lookAgain(0)
    for (const storeId of storeIds) listeners.call(storeId)
  }
  const look = async (): Promise<void> => {
    const storeIds = listeners.storeIds()
    const found = new Map<string, string>()
    for (let at = 0; at < storeIds.length; at += lookMax) {
      for (const [storeId, head] of await options.heads(storeIds.slice(at, at + lookMax))) found.set(storeId, head)
    }
    // A store that is looked at for the first time may have changed before: its readers ask once more than they need to.
    for (const storeId of storeIds) if (found.get(storeId) !== seen.get(storeId)) listeners.call(storeId)
    seen = found
  }
  const lookAgain = (ms: number): void => {
    clearTimeout(timers.look)
    if (isEnded) return
    timers.look = setTimeout(() => {
      void look()
        .catch((error: unknown) => {
          if (!isEnded) onFailure('look', error)
        })
        .finally(() => lookAgain(client === undefined ? deafLookMs : (options.lookMs ?? lookMsDefault)))
    }, ms)
    timers.look.unref()
  }
  const listen = async (): Promise<void> => {
    let connected: Client | undefined
    try {
      connected = await pool.connect()
      if (isEnded) return await connected.end()
      const made = connected
      connected.on('notification', ({ payload }) => hear(payload ?? ''))
      connected.once('end', () => lose(made))
      connected.once('error', () => lose(made))
      await connected.query(`LISTEN "${channel}"`)
      client = connected
      attempts = 0
      // Whatever was said before is not heard any more.
      lookAgain(0)
      tellAll()
    } catch (error) {
      if (!isEnded) onFailure('listen', error)
      void connected?.end().catch(() => undefined)
      listenAgain()
    }
  }
  const lose = (lost: Client): void => {
    if (client !== lost) return
    client = undefined
    void lost.end().catch(() => undefined)
    listenAgain()
    lookAgain(deafLookMs)
  }
  const listenAgain = (): void => {
    clearTimeout(timers.listen)
    if (isEnded) return
    const ms = Math.min(reconnectMsMax, 100 * 2 ** attempts) * (1 + Math.random())
    attempts += 1
    timers.listen = setTimeout(() => void listen(), ms)
    timers.listen.unref()
  }
  const tellAll = (): void => {
    if (isTelling || client === undefined || untold.size === 0) return
    isTelling = true
    const [teller, messages] = [client, messagesOf(server, [...untold])]
    untold.clear()
    void teller
      .query({ ...notifyStatement, values: [channel, messages] })
      .catch((error: unknown) => {
        if (!isEnded) onFailure('notify', error)
        lose(teller)
      })
      .finally(() => {
        setTimeout(() => {
          isTelling = false
          tellAll()
        }, notifyMs)
      })
  }
  void listen()
  lookAgain(options.lookMs ?? lookMsDefault)
  return {
    tell: (storeId) => {
      untold.add(storeId)
      tellAll()
    },
    isHearing: () => client !== undefined,
    end: async () => {
      isEnded = true
      clearTimeout(timers.look)
      clearTimeout(timers.listen)
      const open = client
      client = undefined
      await open?.end().catch(() => undefined)
    },
  }
}

const messagesOf = (server: string, storeIds: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (storeIds.length > toldMax) return [`${server} *`]
  const messages: Array<string> = []
  let message = server
  for (const storeId of storeIds) {
    if (message.length + 1 + storeId.length > messageBytesMax) {
      messages.push(message)
      message = server
    }
    message += ` ${storeId}`
  }
  return [...messages, message]
}
