/**
 * What a request for a shape is answered: `GET /v1/shape`.
 *
 * | Request                                   | Answer                                                                      |
 * | ----------------------------------------- | --------------------------------------------------------------------------- |
 * | `offset=-1`                               | 200, the first chunk of the snapshot                                        |
 * | an offset                                 | 200, the next chunk; `up-to-date` with the last one                         |
 * | `offset=now`                              | 200, `up-to-date` and the offset of the end                                 |
 * | `live=true`                               | 200 with the next chunk once there is one, or with `up-to-date` alone       |
 * | `live=true&live_sse=true`                 | 200, an event stream                                                        |
 * | `if-none-match` of what it would answer   | 304                                                                         |
 * | a handle that is not this shape's         | 409 with the shape's own                                                    |
 * | live while the shape is dropped           | 409 without a handle; an event stream ends                                  |
 * | parameters that make no sense             | 400                                                                         |
 * | an offset that the shape does not reach   | 400, after half the time of a long poll                                     |
 * | a database that is away                   | 503, after a while                                                          |
 *
 * **Source**  recorded answers of Electric 1.7.12, which `packages/backend-electric/test/recordings` has.
 */
import { type ElectricOffset, isBefore, offsetText, readOffset } from './ElectricOffset.ts'
import { type ElectricQuery, readQuery } from './ElectricQuery.ts'
import type { ElectricShape, ShapePart } from './ElectricShape.ts'
import type { ElectricShapes } from './ElectricShapes.ts'
import { type ShapeErrors, readDefinition } from './ShapeDefinition.ts'
import { schemaText } from './ShapeTable.ts'

export interface ElectricTimes {
  /** How long a long poll waits. */
  readonly pollMs: number
  /** How long an event stream lives. */
  readonly sseMs: number
  /** Silence on an event stream. */
  readonly keepAliveMs: number
  /** How long a request waits for a database that is away. */
  readonly databaseMs: number
}

export interface ElectricContext extends ElectricTimes {
  readonly shapes: ElectricShapes
  readonly secret: string | undefined
}

type Headers = Record<string, string>

export interface ElectricAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: string | AsyncIterable<string>
}

const json = 'application/json; charset=utf-8'
/** By kind of answer, as Electric sends them. */
const lifetimes = {
  first: 'public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746',
  catchUp: 'public, max-age=60, stale-while-revalidate=300',
  poll: 'public, max-age=5, stale-while-revalidate=5',
  stream: 'public, max-age=59',
  moved: 'public, max-age=60, must-revalidate',
  movedMeanwhile: 'public, max-age=1, must-revalidate',
} as const

/** Answers one request. `signal`: the reader has gone, or the server stops. */
export const answerShape = async (
  context: ElectricContext,
  query: URLSearchParams,
  ifNoneMatch: string | undefined,
  signal: AbortSignal,
): Promise<ElectricAnswer> => {
  const { shapes, secret } = context
  if (secret !== undefined && query.get('secret') !== secret) return unauthorized
  const read = readQuery(query, ifNoneMatch)
  if ('errors' in read) return invalid(read.errors)
  if (!(await isDatabaseThere(context, signal))) return unavailable
  const table = await shapes.findTable(query.get('table') ?? '')
  if (table === undefined) return invalid({ table: [unknownTable(query.get('table') ?? '')] })
  const definition = readDefinition(table, query)
  if ('errors' in definition) return invalid(definition.errors)
  const shape = await shapes.find(definition)
  if (read.offset !== '-1' && read.offset !== 'now' && read.handle !== shape.handle) return moved(shape)
  return answerFrom(context, shape, read, signal)
}

const unknownTable = (named: string): string => {
  const [schema, name] = named.includes('.') ? named.split('.') : ['public', named]
  return `Table "${schema}"."${name}" does not exist. If the table name contains capitals or special characters you must quote it.`
}

/** Looked at often: a database that comes back lets the request go on at once. */
const databaseLookMs = 20

const isDatabaseThere = async ({ shapes, databaseMs }: ElectricContext, signal: AbortSignal): Promise<boolean> => {
  const untilMs = performance.now() + databaseMs
  while (!shapes.isConnected && !signal.aborted && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, databaseLookMs))
  }
  return shapes.isConnected
}

const answerFrom = async (
  context: ElectricContext,
  shape: ElectricShape,
  query: ElectricQuery,
  signal: AbortSignal,
): Promise<ElectricAnswer> => {
  const { offset } = query
  if (offset === 'now') return partAnswer(context, shape, query, 'catchUp', atEnd(shape), false)
  if (offset === '-1') return partAnswer(context, shape, query, 'first', shape.partAfter('-1'))
  if (isBefore(shape.end, offset)) return ahead(context, shape, offset, signal)
  if (query.isStream) return stream(context, shape, query, offset, signal)
  if (!query.isLive) return partAnswer(context, shape, query, 'catchUp', shape.partAfter(offset))
  const part = shape.partAfter(offset)
  if (part.messages.length > 0) return partAnswer(context, shape, query, 'poll', part)
  const news = await shape.newsAfter(offset, context.pollMs, signal)
  if (news === 'rotated') return movedMeanwhile
  return partAnswer(context, shape, query, 'poll', shape.partAfter(offset), news === 'news')
}

const atEnd = (shape: ElectricShape): ShapePart => ({
  messages: [],
  offset: offsetText(shape.end),
  isUpToDate: true,
})

const upToDate = (lsn: bigint): string =>
  JSON.stringify({ headers: { control: 'up-to-date', global_last_seen_lsn: String(lsn) } })

const partAnswer = (
  context: ElectricContext,
  shape: ElectricShape,
  query: ElectricQuery,
  kind: 'first' | 'catchUp' | 'poll',
  part: ShapePart,
  hasData = true,
): ElectricAnswer => {
  const etag = `"${shape.handle}:${query.asked}:${part.offset}${hasData ? '' : `:${-performance.now()}`}"`
  const headers: Headers = {
    ...placeHeaders(shape, part, hasData, lifetimes[kind], etag),
    'content-type': json,
    ...(query.isLive ? { 'electric-cursor': nextCursor(context, query) } : {}),
  }
  if (query.ifNoneMatch === etag) return { status: 304, headers, body: '' }
  const { columns, table } = shape.definition
  const messages = part.isUpToDate ? [...part.messages, upToDate(context.shapes.lastLsn)] : part.messages
  return {
    status: 200,
    headers: query.isLive ? headers : { ...headers, 'electric-schema': schemaText(table, columns) },
    body: `[${messages.join(',')}]`,
  }
}

const placeHeaders = (
  shape: ElectricShape,
  part: Pick<ShapePart, 'offset' | 'isUpToDate'>,
  hasData: boolean,
  lifetime: string,
  etag: string,
): Headers => ({
  'cache-control': lifetime,
  'electric-handle': shape.handle,
  'electric-has-data': String(hasData),
  'electric-offset': part.offset,
  ...(part.isUpToDate ? { 'electric-up-to-date': '' } : {}),
  etag,
})

/** Seconds since 2024-10-09, rounded to a long poll's length; another one than was sent. */
const nextCursor = ({ pollMs }: ElectricContext, { cursor }: ElectricQuery): string => {
  const stepSeconds = Math.max(1, Math.round(pollMs / 1000))
  const seconds = Math.floor((Date.now() - Date.UTC(2024, 9, 9)) / 1000)
  const rounded = Math.ceil(seconds / stepSeconds) * stepSeconds
  const sent = Number(cursor ?? '')
  return String(sent >= rounded ? sent + 1 + Math.floor(Math.random() * 3600) : rounded)
}

const stream = (
  context: ElectricContext,
  shape: ElectricShape,
  query: ElectricQuery,
  offset: ElectricOffset,
  signal: AbortSignal,
): ElectricAnswer => ({
  status: 200,
  headers: {
    ...placeHeaders(
      shape,
      { offset: query.asked, isUpToDate: true },
      true,
      lifetimes.stream,
      `"${shape.handle}:${query.asked}:${query.asked}"`,
    ),
    'content-type': 'text/event-stream',
    'electric-cursor': nextCursor(context, query),
  },
  body: streamBody(context, shape, offset, signal),
})

async function* streamBody(
  { shapes, sseMs, keepAliveMs }: ElectricContext,
  shape: ElectricShape,
  from: ElectricOffset,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const untilMs = performance.now() + sseMs
  for (let offset = from; !shape.isRotated && !signal.aborted;) {
    const leftMs = untilMs - performance.now()
    if (leftMs <= 0) return
    const part = shape.restAfter(offset)
    if (part.messages.length > 0) {
      yield [...part.messages, upToDate(shapes.lastLsn)].map((message) => `data: ${message}\n\n`).join('')
      offset = readOffset(part.offset) ?? offset
      continue
    }
    const news = await shape.newsAfter(offset, Math.min(keepAliveMs, leftMs), signal)
    if (news === 'silence' && keepAliveMs < leftMs && !signal.aborted) yield ': keep-alive\n\n'
  }
}

/** The offset may be of a transaction that is still on its way here. */
const ahead = async (
  context: ElectricContext,
  shape: ElectricShape,
  offset: ElectricOffset,
  signal: AbortSignal,
): Promise<ElectricAnswer> => {
  await shape.newsAfter(offset, context.pollMs / 2, signal)
  return shape.isRotated ? movedMeanwhile : invalid({ offset: ['out of bounds for this shape'] })
}

const mustRefetch = JSON.stringify([{ headers: { control: 'must-refetch' } }])

const moved = (shape: ElectricShape): ElectricAnswer => ({
  status: 409,
  headers: {
    'cache-control': lifetimes.moved,
    'content-type': json,
    'electric-handle': shape.handle,
    etag: `"${shape.handle}::"`,
  },
  body: mustRefetch,
})

const movedMeanwhile: ElectricAnswer = {
  status: 409,
  headers: { 'cache-control': lifetimes.movedMeanwhile, 'content-type': json },
  body: mustRefetch,
}

const kept = { 'cache-control': 'no-store', 'surrogate-control': 'no-store', 'content-type': json }

const invalid = (errors: ShapeErrors): ElectricAnswer => ({
  status: 400,
  headers: kept,
  body: JSON.stringify({ message: 'Invalid request', errors }),
})

const unauthorized: ElectricAnswer = {
  status: 401,
  headers: { 'cache-control': 'max-age=0, private, must-revalidate', 'content-type': json },
  body: JSON.stringify({ message: 'Unauthorized - Invalid API secret' }),
}

const unavailable: ElectricAnswer = {
  status: 503,
  headers: { ...kept, 'electric-internal-known-error': 'true', 'retry-after': '5' },
  body: JSON.stringify({ message: 'Cannot connect to the database' }),
}
