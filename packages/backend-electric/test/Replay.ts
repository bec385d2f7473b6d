/**
 * Sends what was recorded to another server and puts both answers side by side.
 *
 * What differs from run to run is compared as far as it can be: where the recording has the same handle, LSN, transaction or
 * etag twice, so must the replay, and where it has two, two. Offsets are compared by what they stand behind. Requests that
 * read on from one another are one reading: its messages are compared as a whole, and it may take a chunk more or less.
 */
import type {
  RecordedExchange,
  RecordedMessage,
  RecordedRequest,
  RecordedResponse,
  RecordedSql,
  Recording,
} from './Recording.ts'

/** One recorded exchange beside what came of it. */
export interface ReplayedExchange {
  readonly recording: string
  readonly step: string
  readonly recorded: ComparedAnswer
  readonly replayed: ComparedAnswer
}

/** A reading as a whole. **Shape** snapshot rows in the order of their keys, then everything else as it came. */
export interface ReplayedReading {
  readonly recording: string
  readonly step: string
  readonly recorded: ReadonlyArray<unknown>
  readonly replayed: ReadonlyArray<unknown>
  readonly chunks: { readonly recorded: number; readonly replayed: number }
}

export interface ComparedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  /** Of an answer that has no messages. */
  readonly body?: unknown
}

export interface ReplayTarget {
  readonly url: string
  readonly runSql: (text: string, values: ReadonlyArray<unknown>) => Promise<unknown>
  /** Comes back when the server has seen what was committed. */
  readonly caughtUp: () => Promise<void>
  /** Live requests that wait. */
  readonly waiting: () => number
}

export class Replay {
  readonly exchanges: Array<ReplayedExchange> = []
  readonly readings: Array<ReplayedReading> = []
  readonly #target: ReplayTarget
  readonly #names = new Names()

  constructor(target: ReplayTarget) {
    this.#target = target
  }

  async run({ name, exchanges }: Recording): Promise<void> {
    let pending: Array<RecordedSql> = []
    for (const reading of readingsOf(exchanges)) {
      if ('sql' in reading) {
        pending.push(reading)
        continue
      }
      const isLive = reading[0]?.request.params['live'] === 'true'
      if (!isLive) for (const sql of pending) await this.#runSql(sql)
      await this.#read(name, reading, isLive ? pending : [])
      pending = []
    }
  }

  async #runSql({ sql, values = [] }: RecordedSql): Promise<void> {
    await this.#target.runSql(sql, values)
    await this.#target.caughtUp()
  }

  async #read(
    recording: string,
    reading: ReadonlyArray<RecordedExchange>,
    meanwhile: ReadonlyArray<RecordedSql>,
  ): Promise<void> {
    const answers: Array<RecordedResponse> = []
    // Chunks are cut by bytes: there may be one more or less than in the recording.
    for (let place: Record<string, string> = {}, index = 0; ; index += 1) {
      const { request, response } = reading[Math.min(index, reading.length - 1)]!
      const answer = await this.#ask({ ...request, params: { ...request.params, ...place } }, response, meanwhile)
      answers.push(answer)
      const isEnd = reading.length === 1 || answer.status !== 200 || 'electric-up-to-date' in answer.headers
      if (isEnd || index > reading.length) break
      place = { handle: answer.headers['electric-handle'] ?? '', offset: answer.headers['electric-offset'] ?? '' }
    }
    this.#names.meet(reading.at(-1)!.response, answers.at(-1)!)
    for (const [index, { step, response }] of reading.entries()) {
      const isLast = index === reading.length - 1
      const answer = answers.at(isLast ? -1 : Math.min(index, Math.max(0, answers.length - 2)))!
      this.exchanges.push({
        recording,
        step,
        recorded: this.#names.answer('recorded', response),
        replayed: this.#names.answer('replayed', answer),
      })
    }
    this.readings.push({
      recording,
      step: reading[0]!.step,
      recorded: this.#names.messages(
        'recorded',
        reading.map(({ response }) => response),
      ),
      replayed: this.#names.messages('replayed', answers),
      chunks: { recorded: reading.length, replayed: answers.length },
    })
  }

  async #ask(
    { method, path, params, headers }: RecordedRequest,
    recorded: RecordedResponse,
    meanwhile: ReadonlyArray<RecordedSql>,
  ): Promise<RecordedResponse> {
    const url = new URL(path, this.#target.url)
    for (const [name, value] of Object.entries(params)) url.searchParams.set(name, this.#names.toReplayed(value))
    const leaving = new AbortController()
    const waiting = this.#target.waiting()
    const answering = fetch(url, {
      method,
      signal: leaving.signal,
      headers: Object.fromEntries(
        Object.entries(headers ?? {}).map(([name, value]) => [name, this.#names.toReplayed(value)]),
      ),
    })
    answering.catch(() => undefined)
    for (const sql of meanwhile) {
      while (this.#target.waiting() <= waiting) await new Promise((resolve) => setImmediate(resolve))
      await this.#runSql(sql)
    }
    const response = await answering
    const text = await readText(response, lengthToRead(recorded))
    leaving.abort()
    const answer = {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: bodyOf(response, text),
    }
    this.#names.meet(recorded, answer)
    return answer
  }
}

const lengthToRead = ({ body, cutByClient }: RecordedResponse): number | undefined =>
  cutByClient === true && typeof body === 'string' ? body.length : undefined

/** An event stream is left when as many messages have come as were recorded, and a moment brought no more. */
const readText = async (response: Response, length: number | undefined): Promise<string> => {
  if (length === undefined || response.body === null) return response.text()
  let text = ''
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  while (text.length < 0.9 * length) text += (await reader.read()).value ?? ''
  const more = await Promise.race([reader.read(), new Promise<undefined>((resolve) => setTimeout(resolve, 100))])
  return text + (more?.value ?? '')
}

const bodyOf = (response: Response, text: string): RecordedResponse['body'] =>
  response.headers.get('content-type')?.startsWith('application/json') === true && text !== ''
    ? (JSON.parse(text) as RecordedResponse['body'])
    : text

/** Requests that read on from one another until they are up to date, as one; everything else by itself. */
const readingsOf = (
  exchanges: Recording['exchanges'],
): ReadonlyArray<RecordedSql | ReadonlyArray<RecordedExchange>> => {
  const readings: Array<RecordedSql | Array<RecordedExchange>> = []
  let isOpen = false
  for (const exchange of exchanges) {
    const last = readings.at(-1)
    if ('sql' in exchange) {
      readings.push(exchange)
      isOpen = false
    } else if (isOpen && Array.isArray(last) && isNext(last.at(-1), exchange)) last.push(exchange)
    else readings.push([exchange])
    isOpen = 'request' in exchange && !('electric-up-to-date' in exchange.response.headers)
  }
  return readings
}

const isNext = (before: RecordedExchange | undefined, { request }: RecordedExchange): boolean =>
  before?.response.headers['electric-offset'] === request.params['offset'] &&
  before?.response.headers['electric-handle'] === request.params['handle']

type Side = 'recorded' | 'replayed'

/** Gives what differs from run to run the same name on both sides, in the order in which it is met. */
class Names {
  readonly #names = { recorded: new Map<string, string>(), replayed: new Map<string, string>() }
  /** What a request of the recording has to say here. */
  readonly #replayed = new Map<string, string>()

  toReplayed(value: string): string {
    return this.#replayed.get(value) ?? value
  }

  /** Headers that later requests send back. */
  meet(recorded: RecordedResponse, replayed: RecordedResponse): void {
    for (const name of ['electric-handle', 'electric-offset', 'electric-cursor', 'etag']) {
      const [from, to] = [recorded.headers[name], replayed.headers[name]]
      if (from !== undefined && to !== undefined) this.#replayed.set(from, to)
    }
  }

  answer(side: Side, { status, headers, body }: RecordedResponse): ComparedAnswer {
    const compared = Object.entries(headers)
      .filter(([name]) => !transport.test(name))
      .map(([name, value]): [string, unknown] => {
        if (name === 'electric-handle') return [name, this.#name(side, 'handle', value)]
        if (name === 'electric-offset') return [name, placeOf(value)]
        if (name === 'electric-cursor') return [name, /^\d+$/.test(value)]
        if (name === 'etag')
          return [name, value.split(':').map((part, index) => (index === 0 ? 'handle' : placeOf(part)))]
        return [name, name === 'electric-schema' ? JSON.parse(value) : value]
      })
    const isMessages = Array.isArray(body) || headers['content-type'] === 'text/event-stream'
    return { status, headers: Object.fromEntries(compared), ...(isMessages ? {} : { body }) }
  }

  messages(side: Side, answers: ReadonlyArray<RecordedResponse>): ReadonlyArray<unknown> {
    const messages = answers.flatMap(({ body, headers }): ReadonlyArray<RecordedMessage> => {
      if (Array.isArray(body)) return body
      return typeof body === 'string' && headers['content-type'] === 'text/event-stream' ? streamed(body) : []
    })
    const isRow = (message: RecordedMessage): boolean => message.key !== undefined && !('lsn' in message.headers)
    const rows = messages.filter(isRow).toSorted((a, b) => (a.key! < b.key! ? -1 : 1))
    return [...rows, ...messages.filter((message) => !isRow(message))].map((message) => this.#message(side, message))
  }

  #message(side: Side, { key, value, headers }: RecordedMessage): unknown {
    const named = Object.entries(headers).map(([name, field]): [string, unknown] => {
      if (name === 'lsn' || name === 'global_last_seen_lsn') return [name, this.#name(side, 'lsn', String(field))]
      if (name === 'txids' && Array.isArray(field)) return [name, field.map((id) => this.#name(side, 'tx', String(id)))]
      return [name, name === 'xmin' || name === 'xmax' ? /^\d+$/.test(String(field)) : field]
    })
    const args = typeof value?.['args'] === 'string' ? { args: JSON.parse(value['args']) as unknown } : {}
    return { key, value: value === undefined ? undefined : { ...value, ...args }, headers: Object.fromEntries(named) }
  }

  #name(side: Side, kind: string, value: string): string {
    const names = this.#names[side]
    const name =
      names.get(`${kind} ${value}`) ?? `${kind} ${[...names.keys()].filter((key) => key.startsWith(kind)).length}`
    names.set(`${kind} ${value}`, name)
    return name
  }
}

/** Of the connection, not of the answer; a recorder left them out. */
const transport = /^(date|connection|keep-alive|transfer-encoding|content-length|vary|access-control-.*)$/

const placeOf = (offset: string): string => {
  const text = offset.replace(/"$/, '')
  if (/^0_\d+$/.test(text)) return 'behind a chunk'
  if (/^\d+_\d+$/.test(text)) return 'in the log'
  return /^-\d+(\.\d+)?$/.test(text) && text !== '-1' ? 'something new' : text
}

/** Every line of an event stream says what it is: only data and comments are known. */
const streamed = (text: string): ReadonlyArray<RecordedMessage> =>
  text.split('\n\n').flatMap((part) => {
    if (part === '' || part.startsWith(':')) return []
    if (!part.startsWith('data: ') || part.includes('\n')) throw new Error(`another line than data: ${part}`)
    return [JSON.parse(part.slice('data: '.length)) as RecordedMessage]
  })
