/**
 * A load generator that keeps to a rate, whatever comes back: events come at their time, and a store's writer pushes what has come
 * whenever its push before is answered, as clients do. Every event says when it was due, so that a queue before the server counts.
 */
import { loadStores, nextEvents, pushBody } from './LoadEvents.ts'
import { nowUs, obeyParent } from './Obeying.ts'
import { type WireClient, openWireClient, wireRequest } from './WireClient.ts'

export type PaceOrder =
  | { readonly do: 'open'; readonly urls: ReadonlyArray<string>; readonly prefix: string; readonly stores: number }
  /** **Units** events per second, over all stores. */
  | { readonly do: 'pace'; readonly rate: number; readonly seconds: number }

export interface PaceAnswer {
  /** Acknowledged in this pace. */
  readonly events: number
  /** Events that were due and not acknowledged yet when the time was over. */
  readonly behind: number
}

interface Writer {
  readonly store: ReturnType<typeof loadStores>[number]
  readonly url: URL
  readonly client: WireClient
  due: Array<number>
  isBusy: boolean
}

/** What the protocol takes in a batch. */
const batchMax = 1_000
const tickMs = 5
/** An event of about 256 bytes with the time in it. */
const filler = 'x'.repeat(20)

let writers: ReadonlyArray<Writer> = []

const open = async ({ urls, prefix, stores }: Extract<PaceOrder, { do: 'open' }>): Promise<PaceAnswer> => {
  writers = await Promise.all(
    loadStores(stores, prefix).map(async (store) => {
      const address = urls[store.index % urls.length]!
      const url = new URL(`/v1/stores/${store.storeId}/push`, address)
      return { store, url, client: await openWireClient(address), due: [], isBusy: false }
    }),
  )
  return { events: 0, behind: 0 }
}

const pace = async ({ rate, seconds }: Extract<PaceOrder, { do: 'pace' }>): Promise<PaceAnswer> => {
  const startUs = nowUs()
  const all = Math.round(rate * seconds)
  const counts = { due: 0, acknowledged: 0 }
  const push = async (writer: Writer): Promise<void> => {
    if (writer.isBusy) return
    writer.isBusy = true
    while (writer.due.length > 0) {
      const due = writer.due.slice(0, batchMax)
      writer.due = writer.due.slice(batchMax)
      let at = 0
      const events = nextEvents(writer.store, due.length, () => JSON.stringify({ t: due[at++], filler }))
      const { status, body } = await writer.client.send(wireRequest('POST', writer.url, pushBody(writer.store, events)))
      if (!body.startsWith('{"_tag":"Accepted"')) throw new Error(`push: ${status} ${body.slice(0, 200)}`)
      counts.acknowledged += due.length
    }
    writer.isBusy = false
  }
  const tick = (): void => {
    const now = Math.min(all, Math.floor(((nowUs() - startUs) * rate) / 1e6))
    for (; counts.due < now; counts.due++)
      writers[counts.due % writers.length]!.due.push(startUs + Math.floor((counts.due * 1e6) / rate))
    for (const writer of writers) void push(writer)
  }
  while (counts.due < all) {
    tick()
    await new Promise((resolve) => setTimeout(resolve, tickMs))
  }
  const behind = counts.due - counts.acknowledged
  while (counts.acknowledged < counts.due) await new Promise((resolve) => setTimeout(resolve, tickMs))
  return { events: counts.acknowledged, behind }
}

obeyParent<PaceOrder, PaceAnswer>({ events: 0, behind: 0 }, (order) =>
  order.do === 'open' ? open(order) : pace(order),
)
