/** One request and its answer on their way through a {@link FaultProxy}. */
import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import type { Readable, Writable } from 'node:stream'
import type { FaultGate } from './FaultGate.ts'
import { cutOf, type FaultPlan } from './FaultPlan.ts'

export interface ExchangeContext {
  readonly target: () => string
  readonly gate: FaultGate
  /** Resolves when the next answer of another exchange has begun. */
  readonly overtaken: () => Promise<void>
  readonly answered: () => void
}

/** Brings `from` to the server and its answer to `to`, but for what `plan` does to them. Never rejects. */
export const runExchange = async (
  from: IncomingMessage,
  to: ServerResponse,
  plan: FaultPlan,
  context: ExchangeContext,
): Promise<void> => {
  const hasLeft = new AbortController()
  to.on('close', () => hasLeft.abort())
  from.on('error', () => undefined)
  to.on('error', () => undefined)
  try {
    await hold(plan, context, hasLeft.signal)
    await context.gate.passed()
    if (hasLeft.signal.aborted) return
    await exchange(from, to, plan, context, hasLeft.signal)
  } catch {
    // The server is not there, or went away in the middle: so does the connection.
    reset(to)
  }
}

const hold = async ({ fault, waitMs }: FaultPlan, context: ExchangeContext, signal: AbortSignal): Promise<void> => {
  if (fault === 'delay') await wait(waitMs, signal)
  // Nobody may come: then it was only slow.
  if (fault === 'reorder') await Promise.race([context.overtaken(), wait(waitMs, signal)])
}

const exchange = async (
  from: IncomingMessage,
  to: ServerResponse,
  plan: FaultPlan,
  context: ExchangeContext,
  signal: AbortSignal,
): Promise<void> => {
  const { fault } = plan
  if (fault === 'drop-request') return void from.resume()
  if (fault === 'fail-before') return fail(from, to, plan)
  const upstream = openUpstream(from, context.target(), signal)
  const answering = answerOf(upstream)
  const sending = sendBody(from, upstream, plan, context.gate)
  sending.catch(() => undefined)
  // A server may answer before it has heard everything (413); its answer is not kept until then.
  const early = answering.then(
    () => 'answered' as const,
    () => sending,
  )
  const body = await Promise.race([sending, early])
  if (body === 'cut') {
    upstream.destroy()
    return reset(to)
  }
  if (fault === 'duplicate' && body !== 'answered') await sendAgain(from, body, context.target(), signal, plan)
  const answer = await answering
  answer.on('error', () => undefined)
  if (fault === 'drop-answer') return void answer.resume()
  if (fault === 'fail-after') {
    answer.resume()
    return fail(from, to, plan)
  }
  context.answered()
  await sendAnswer(answer, to, plan, context.gate)
}

// -------------------------------------------------------------------------------------------------------- request

/** These speak of one connection, and a proxy has two. */
const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'proxy-connection', 'upgrade']

const endToEnd = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)))

/** A connection of its own, so that no fault of one request touches another. */
const openUpstream = (from: IncomingMessage, target: string, signal: AbortSignal): ClientRequest => {
  const { hostname, port, pathname } = new URL(target)
  return request({
    hostname,
    port,
    method: from.method,
    path: pathname.replace(/\/+$/, '') + (from.url ?? '/'),
    // A server that may close at once after an early answer (413) resets what is still being sent, and the answer with it.
    headers: { ...endToEnd(from.headers), connection: 'keep-alive' },
    agent: false,
    signal,
  })
}

const answerOf = (upstream: ClientRequest): Promise<IncomingMessage> => {
  const answering = new Promise<IncomingMessage>((resolve, reject) => {
    upstream
      .on('response', resolve)
      .on('error', reject)
      .on('close', () => reject(new Error('no answer')))
  })
  answering.catch(() => undefined)
  return answering
}

/** The body, if it is needed once more. */
const sendBody = async (
  from: IncomingMessage,
  upstream: ClientRequest,
  plan: FaultPlan,
  gate: FaultGate,
): Promise<ReadonlyArray<Uint8Array> | 'cut'> => {
  const kept: Array<Uint8Array> = []
  const isCut = plan.fault === 'cut-request'
  const cut = isCut ? cutOf(plan, Number(from.headers['content-length'] ?? 0)) : Infinity
  if (isCut) upstream.flushHeaders()
  const onChunk = plan.fault === 'duplicate' ? (chunk: Uint8Array) => void kept.push(chunk) : undefined
  await pass(from, upstream, { cut, gate, onChunk })
  // Whatever the server did not want to hear before it answered: the client is still sending it, and wants the answer.
  from.resume()
  // A request without a body has no byte to cut at; its end does not come either.
  if (isCut) return 'cut'
  upstream.end()
  return kept
}

/** The same request once more, before or beside the first one's answer; nobody hears what comes of it. */
const sendAgain = async (
  from: IncomingMessage,
  body: ReadonlyArray<Uint8Array>,
  target: string,
  signal: AbortSignal,
  { cutAt, waitMs }: FaultPlan,
): Promise<void> => {
  const again = openUpstream(from, target, signal)
  const ended = new Promise<void>((resolve) => void again.on('close', resolve).on('error', () => resolve()))
  again.on('response', (answer) => void answer.on('error', () => undefined).resume())
  for (const chunk of body) again.write(chunk)
  again.end()
  // Half of them race the first one to its answer, the others are over before the client hears of it.
  if (cutAt < 0.5) await Promise.race([ended, wait(waitMs, signal)])
}

// --------------------------------------------------------------------------------------------------------- answer

const sendAnswer = async (
  answer: IncomingMessage,
  to: ServerResponse,
  plan: FaultPlan,
  gate: FaultGate,
): Promise<void> => {
  const { fault } = plan
  const isCut = fault === 'cut-answer' || fault === 'truncate' || fault === 'stall'
  const length = answer.headers['content-length']
  const cut = isCut ? cutOf(plan, length === undefined ? undefined : Number(length)) : Infinity
  const headers = endToEnd(answer.headers)
  // Its end is then where the bytes end, as behind a proxy that speaks HTTP/1.0.
  if (fault === 'truncate') delete headers['content-length']
  await gate.passed()
  to.writeHead(answer.statusCode ?? 502, headers)
  to.flushHeaders()
  const isWhole = await pass(answer, to, { cut, gate })
  if (!isWhole) answer.destroy()
  if (isWhole || fault === 'truncate') return void to.end()
  // A stall keeps the connection open; the client has to find out by itself.
  if (fault !== 'stall') reset(to)
}

const fail = (from: IncomingMessage, to: ServerResponse, { status }: FaultPlan): void => {
  from.resume()
  to.writeHead(status, { 'content-type': 'text/html' })
  to.end(`<html><body>${status} from something in between</body></html>`)
}

// ---------------------------------------------------------------------------------------------------------- bytes

interface Passage {
  /** In bytes. */
  readonly cut: number
  readonly gate: FaultGate
  readonly onChunk?: ((chunk: Uint8Array) => void) | undefined
}

/** Hands bytes on as they come, up to the cut; whether it came to the end of them. **Fails with** what breaks `source`. */
const pass = async (source: Readable, sink: Writable, { cut, gate, onChunk }: Passage): Promise<boolean> => {
  let passed = 0
  // Leaving the loop early must not destroy the source: an answer may have to go out through its socket.
  for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    await gate.passed()
    if (sink.destroyed) return false
    const rest = chunk.subarray(0, Math.max(0, cut - passed))
    passed += chunk.length
    onChunk?.(chunk)
    if (rest.length > 0 && !sink.write(rest)) await drained(sink)
    if (passed <= cut) continue
    // What came before the cut has left: a reset would take it back.
    await new Promise<void>((resolve) => void setImmediate(resolve))
    return false
  }
  return true
}

const drained = (sink: Writable): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      sink.off('drain', done).off('close', done).off('error', done)
      resolve()
    }
    sink.on('drain', done).on('close', done).on('error', done)
  })

/** The other side learns of it by a reset, not by an end. */
export const reset = (to: ServerResponse): void => {
  const { socket } = to
  if (socket === null || socket.destroyed) to.destroy()
  else socket.resetAndDestroy()
}

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
