/** Electric's own client, read batch by batch: the next answer is fetched when the last one has been dealt with. */
import { type Message, type Offset, ShapeStream, isChangeMessage, isControlMessage } from '@electric-sql/client'
import type { HttpConnection } from '@headwater/backend-http/connection'
import {
  ProtocolError,
  type SyncBackendReason,
  SyncBackendError,
  Unavailable,
  pageBytesMax,
} from '@headwater/core/backend'
import type { ShapePlace } from './ElectricCursor.ts'
import { makeShapeFetch } from './ShapeFetch.ts'
import type { ShapeBatch, ShapeChange } from './ShapeBatch.ts'
import { type ShapeValues, sizeOf } from './ShapeRow.ts'

export interface ShapeReaderOptions {
  readonly connection: HttpConnection
  /** `-1`: from the snapshot on; `now`: only what is new. */
  readonly from: ShapePlace | '-1' | 'now'
  readonly isSse: boolean
}

export interface ShapeReader {
  /** The next batch; asking for it says that the one before is done with. **Fails with** `SyncBackendError`. */
  readonly next: () => Promise<ShapeBatch>
  readonly close: () => void
}

interface Asking {
  readonly promise: Promise<ShapeBatch>
  readonly resolve: (batch: ShapeBatch) => void
  readonly reject: (error: SyncBackendError) => void
}

export const openShapeReader = (options: ShapeReaderOptions): ShapeReader => {
  const { connection, from, isSse } = options
  const closing = new AbortController()
  const arrived: Array<{ readonly batch: ShapeBatch; readonly done: () => void }> = []
  let [asking, failure]: [Asking | undefined, SyncBackendError | undefined] = [undefined, undefined]
  let release: () => void = () => undefined
  const settle = (): void => {
    if (asking === undefined) return
    const next = arrived.shift()
    if (next === undefined && failure === undefined) return
    const { resolve, reject } = asking
    asking = undefined
    unread.want(false)
    if (next === undefined) return reject(failure!)
    release = next.done
    resolve(next.batch)
  }
  const fail = (reason: SyncBackendReason): void => {
    failure ??= new SyncBackendError({ operation: 'pull', reason })
    closing.abort()
    settle()
  }
  const giveUp = (trouble: string): void => {
    arrived.push({ batch: { changes: [], place: undefined, isUpToDate: false, trouble }, done: () => undefined })
    fail(new Unavailable({ detail: trouble }))
  }
  const unread = makeUnread()
  const stream = new ShapeStream<ShapeValues>({
    url: `${connection.base}/shape`,
    ...(typeof from === 'string' ? { offset: from } : { handle: from.handle, offset: from.offset as Offset }),
    liveSse: isSse,
    signal: closing.signal,
    fetchClient: makeShapeFetch({
      connection,
      closed: closing.signal,
      onFailure: fail,
      onTrouble: giveUp,
      mayRead: unread.room,
    }),
    // Trying again is the engine's: it knows the durable position, and tells the app.
    backoffOptions: { initialDelay: 100, maxDelay: 1_000, multiplier: 2, maxRetries: 0 },
    // Time limits are in ShapeFetch.ts.
    liveRequestTimeoutMs: false,
    // A page that is hidden may be the one that syncs for others.
    runtimeVisibility: { getCurrentState: () => 'visible', subscribe: () => () => undefined },
    parser: { int8: (text) => text, float8: (text) => text },
    transformer: (row) => {
      unread.add(sizeOf(row as ShapeValues))
      return row
    },
    warnOnHttp: false,
  })
  let isCatchingUp = true
  stream.subscribe(
    (messages) => {
      const batch = batchOf(messages, stream, isCatchingUp)
      if (batch.isUpToDate) isCatchingUp = false
      return new Promise<void>((resolve) => {
        const size = batch.changes.reduce((sum, { values }) => sum + sizeOf(values), 0)
        const done = (): void => {
          unread.take(size)
          resolve()
        }
        arrived.push({ batch, done })
        settle()
      })
    },
    (error) => (isStuck(error) ? giveUp(firstLineOf(error)) : fail(reasonOfStream(error))),
  )
  return {
    next: () => {
      if (asking !== undefined) return asking.promise
      const { promise, resolve, reject } = Promise.withResolvers<ShapeBatch>()
      promise.catch(() => undefined)
      asking = { promise, resolve, reject }
      unread.want(true)
      release()
      settle()
      return promise
    },
    close: () => {
      closing.abort()
      unread.take(Infinity)
      release()
      for (const { done } of arrived.splice(0)) done()
    },
  }
}

const batchOf = (
  messages: ReadonlyArray<Message<ShapeValues>>,
  stream: Pick<ShapeStream<ShapeValues>, 'shapeHandle' | 'lastOffset'>,
  isCatchingUp: boolean,
): ShapeBatch => {
  const changes = messages.filter((message) => isChangeMessage(message))
  const controls = messages.filter((message) => isControlMessage(message)).map(({ headers }) => headers.control)
  // An event stream tells no offsets, and Electric's client then has one that re-sends a part of the last transaction.
  const exact = changes.map(({ headers }) => offsetOf(headers)).findLast((offset) => offset !== undefined)
  const offset = exact ?? (isCatchingUp ? stream.lastOffset : undefined)
  const handle = stream.shapeHandle
  return {
    changes: changes.map(({ headers, value }): ShapeChange => ({ operation: headers.operation, values: value })),
    place: handle === undefined || offset === undefined ? undefined : { handle, offset },
    isUpToDate: controls.includes('up-to-date'),
    trouble: controls.includes('must-refetch') ? 'Electric asks to fetch the shape again' : undefined,
  }
}

/** The place of a change in the log; the rows of a snapshot have none. */
const offsetOf = (headers: object): string | undefined =>
  'lsn' in headers &&
  typeof headers.lsn === 'string' &&
  'op_position' in headers &&
  typeof headers.op_position === 'number'
    ? `${headers.lsn}_${headers.op_position}`
    : undefined

/** An answer that Electric's client cannot read. */
const reasonOfStream = (error: Error): SyncBackendReason =>
  error instanceof SyncBackendError
    ? error.reason
    : new ProtocolError({ detail: `no answer of Electric's: ${firstLineOf(error)}` })

/** What it gives up over although it could read it: something on the way serves the same old answer again and again. */
const isStuck = (error: Error): boolean => 'status' in error && typeof error.status === 'number' && error.status >= 500

const firstLineOf = (error: Error): string => (error.message.split('\n')[0] ?? '').slice(0, 300)

interface Unread {
  readonly add: (size: number) => void
  readonly take: (size: number) => void
  /** Whether somebody waits for what is read next. */
  readonly want: (isWanted: boolean) => void
  readonly room: () => Promise<void>
}

/**
 * How much of an event stream has been read and not dealt with: it is read in the background, unlike everything else. It
 * waits while that is a page or more, unless its reader waits too: then what is there is not yet a whole batch.
 */
const makeUnread = (): Unread => {
  let [size, isWanted] = [0, false]
  const waiting: Array<() => void> = []
  const look = (): void => {
    if (size >= pageBytesMax && !isWanted) return
    for (const go of waiting.splice(0)) go()
  }
  return {
    add: (more) => {
      size += more
    },
    take: (less) => {
      size = Math.max(0, size - less)
      look()
    },
    want: (wanted) => {
      isWanted = wanted
      look()
    },
    room: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        look()
      }),
  }
}
