import { serverTarget } from './AppendLoad.ts'

export interface WakeUpFigures {
  readonly events: number
  readonly p50Ms: number
  readonly p95Ms: number
}

/** At rest: whatever the event before has set going is over. */
const restMs = 30

/** Appends one event at a time through the first server and waits for it on a live pull of the second. */
export const wakeUps = async (urls: ReadonlyArray<string>, count: number): Promise<WakeUpFigures> => {
  const [writer = '', reader = ''] = urls
  const log = await serverTarget([writer]).open('wake')
  const abort = new AbortController()
  const response = await fetch(`${reader}/v1/stores/wake/pull?after=0&live=sse`, { signal: abort.signal })
  const stream = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const arrival = async (id: string): Promise<number> => {
    while (!text.includes(id)) text += (await stream?.read())?.value ?? ''
    text = ''
    return performance.now()
  }
  const times: Array<number> = []
  let parentId: string | null = null
  for (let global = 1; global <= count; global += 1) {
    await new Promise((resolve) => setTimeout(resolve, restMs))
    const id = crypto.randomUUID()
    const arrived = arrival(id)
    const startMs = performance.now()
    const event = { global, parentGlobal: global - 1, parentId, id, name: 'woken', argsJson: '{}' }
    await log.append([{ ...event, clientId: 'load', sessionId: 'load', createdAt: 1 }])
    times.push((await arrived) - startMs)
    parentId = id
  }
  abort.abort()
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? Number.NaN
  return { events: count, p50Ms: at(0.5), p95Ms: at(0.95) }
}
