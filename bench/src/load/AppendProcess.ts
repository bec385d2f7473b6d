/**
 * A load generator: pushes batches as fast as they are answered, each connection to stores of its own. All requests are made before
 * the clock starts, so that the generator takes little of the machine that it shares with what is measured.
 */
import { quantile } from '../Statistics.ts'
import { argsJsonFor, loadStores, nextEvents, pushBody, todoArgsJson } from './LoadEvents.ts'
import { obeyParent } from './Obeying.ts'
import { type WireClient, openWireClient, wireRequest } from './WireClient.ts'

export interface AppendPlan {
  readonly urls: ReadonlyArray<string>
  readonly prefix: string
  /** How many there are; those that are pushed to are spread over them. */
  readonly stores: number
  /** In all. */
  readonly pushes: number
  readonly batchSize: number
  /** **Units** bytes of an event's JSON; `null`: an ordinary one. */
  readonly eventBytes: number | null
  /** Pushes under way at once, each to another store. */
  readonly connections: number
}

export type AppendOrder = { readonly do: 'prepare'; readonly plan: AppendPlan } | { readonly do: 'run' }

export interface AppendAnswer {
  /** From the first request until the last answer. */
  readonly seconds: number
  /** Of what was acknowledged. */
  readonly events: number
  readonly pushes: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Sent, with heads, for each byte of the events' own JSON. */
  readonly upPerByte: number
}

const none: AppendAnswer = { seconds: 0, events: 0, pushes: 0, p50Ms: 0, p99Ms: 0, upPerByte: 0 }

interface Lane {
  readonly client: WireClient
  readonly requests: ReadonlyArray<Buffer>
}

let lanes: ReadonlyArray<Lane> = []
let sizes = { batch: 0, eventBytes: 0 }

const prepare = async (plan: AppendPlan): Promise<AppendAnswer> => {
  const { urls, prefix, stores, pushes, batchSize, eventBytes, connections } = plan
  const argsOf = eventBytes === null ? todoArgsJson : argsJsonFor(eventBytes)
  const all = loadStores(stores, prefix)
  // Prime, so that few pushes to many stores are spread over all of them.
  const stride = pushes < stores ? 7_919 : 1
  const requests: Array<Array<Buffer>> = Array.from({ length: connections }, () => [])
  sizes = { batch: batchSize, eventBytes: 0 }
  for (let push = 0; push < pushes; push++) {
    const index = (push * stride) % stores
    const store = all[index]!
    const events = nextEvents(store, batchSize, argsOf)
    for (const event of events) sizes.eventBytes += JSON.stringify(event).length
    const url = new URL(`/v1/stores/${store.storeId}/push`, urls[index % urls.length])
    requests[index % connections]!.push(wireRequest('POST', url, pushBody(store, events)))
  }
  lanes = await Promise.all(
    requests.map(async (own, lane) => ({ client: await openWireClient(urls[lane % urls.length]!), requests: own })),
  )
  return none
}

const run = async (): Promise<AppendAnswer> => {
  const times: Array<number> = []
  const startMs = performance.now()
  await Promise.all(
    lanes.map(async ({ client, requests }) => {
      for (const request of requests) {
        const sentMs = performance.now()
        const { status, body } = await client.send(request)
        if (!body.startsWith('{"_tag":"Accepted"')) throw new Error(`push: ${status} ${body.slice(0, 200)}`)
        times.push(performance.now() - sentMs)
      }
    }),
  )
  const seconds = (performance.now() - startMs) / 1_000
  const up = lanes.reduce((sum, { client }) => sum + client.bytes().up, 0)
  for (const { client } of lanes) client.close()
  return {
    seconds,
    events: times.length * sizes.batch,
    pushes: times.length,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    upPerByte: up / sizes.eventBytes,
  }
}

obeyParent<AppendOrder, AppendAnswer>(none, (order) => (order.do === 'prepare' ? prepare(order.plan) : run()))
