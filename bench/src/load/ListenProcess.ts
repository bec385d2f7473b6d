/** Live readers, one connection each, that note what they are told and when. */
import { type Socket, connect } from 'node:net'
import { once } from 'node:events'
import { nowUs, obeyParent } from './Obeying.ts'
import { wireRequest } from './WireClient.ts'

export type ListenOrder =
  /** Opens a live pull for each of them, from the root; answers when all have had their first page. */
  | { readonly do: 'open'; readonly urls: ReadonlyArray<string>; readonly storeIds: ReadonlyArray<string> }
  /** Answers when so many events have come since the last reset, or after so many ms; then forgets them. */
  | { readonly do: 'await'; readonly events: number; readonly ms: number }

export interface ListenAnswer {
  /** **Units** µs; of each event that says when it was due, in the order in which they were due. */
  readonly lagsUs: ReadonlyArray<number>
  /** Connections on which anything but a heartbeat came. */
  readonly told: number
}

interface Reader {
  readonly socket: Socket
  rest: string
  pages: number
}

const readers: Array<Reader> = []
let [arrived, wake]: [Array<{ readonly dueUs: number; readonly lagUs: number }>, () => void] = [[], () => undefined]

/** A page is one line of the stream and is written at once, so that nothing comes between its bytes. */
const read = (reader: Reader, text: string): void => {
  const atUs = nowUs()
  const whole = reader.rest + text
  const end = whole.lastIndexOf('\n')
  reader.rest = whole.slice(end + 1)
  for (const line of whole.slice(0, end).split('\n')) {
    if (!line.startsWith('data: ')) continue
    reader.pages += 1
    for (const [, due] of line.matchAll(/\{\\"t\\":(\d+)/g))
      arrived.push({ dueUs: Number(due), lagUs: atUs - Number(due) })
  }
  wake()
}

const open = async ({ urls, storeIds }: Extract<ListenOrder, { do: 'open' }>): Promise<ListenAnswer> => {
  for (const [index, storeId] of storeIds.entries()) {
    const url = new URL(`/v1/stores/${storeId}/pull?after=0&live=sse`, urls[index % urls.length])
    const socket = connect({ host: url.hostname, port: Number(url.port) })
    await once(socket, 'connect')
    const reader: Reader = { socket, rest: '', pages: 0 }
    readers.push(reader)
    socket.setEncoding('latin1').on('data', (text: string) => read(reader, text))
    socket.write(wireRequest('GET', url))
  }
  while (readers.some(({ pages }) => pages === 0)) await nextNews(Infinity)
  for (const reader of readers) reader.pages = 0
  return { lagsUs: [], told: 0 }
}

const awaitEvents = async ({ events, ms }: Extract<ListenOrder, { do: 'await' }>): Promise<ListenAnswer> => {
  const endMs = performance.now() + ms
  while (arrived.length < events && performance.now() < endMs) await nextNews(endMs - performance.now())
  const lags = arrived.toSorted((a, b) => a.dueUs - b.dueUs).map(({ lagUs }) => lagUs)
  const told = readers.filter(({ pages }) => pages > 0).length
  arrived = []
  for (const reader of readers) reader.pages = 0
  return { lagsUs: lags, told }
}

const nextNews = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = Number.isFinite(ms) ? setTimeout(resolve, Math.max(0, ms)) : undefined
    wake = () => {
      clearTimeout(timer)
      resolve()
    }
  })

obeyParent<ListenOrder, ListenAnswer>({ lagsUs: [], told: 0 }, (order) =>
  order.do === 'open' ? open(order) : awaitEvents(order),
)
