/**
 * What the routes look at of a request. A web-standard `Request` is one kind; the other is `node:http`'s, whose body is read
 * without the web streams that a `Request` would put around it. Only handlers of ours are given that kind (see {@link answerOf}): who
 * wraps one of them in a handler of his own gets real `Request`s, and passes on what he likes.
 */
import { embodied } from './PlainText.ts'

/** One that is read once, by our routes. */
export interface ServerRequest {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** All of the body; `undefined` if it has more than `bytesMax` bytes. **Fails with** an error if it ends before it is complete. */
  readonly text: (bytesMax: number) => Promise<string | undefined>
  /** For hooks, which may do with it what they like but read the body. */
  readonly real: () => Request
}

/** Its answers may be without their bodies: see PlainText.ts. */
export type AnswerRequest = (request: ServerRequest) => Promise<Response>
export type Handle = (request: Request) => Promise<Response>

const answers = new WeakMap<Handle, AnswerRequest>()

/** The web-standard handler that answers so. */
export const handlerOf = (answer: AnswerRequest): Handle => {
  const handle: Handle = async (request) => embodied(await answer(webRequest(request)))
  answers.set(handle, answer)
  return handle
}

/** What is in a handler of ours; `undefined` for any other. */
export const answerOf = (handle: Handle): AnswerRequest | undefined => answers.get(handle)

const webRequest = (request: Request): ServerRequest => ({
  method: request.method,
  url: request.url,
  headers: request.headers,
  signal: request.signal,
  text: (bytesMax) => readUpTo(request, bytesMax),
  real: () => request,
})

const readUpTo = async (request: Request, bytesMax: number): Promise<string | undefined> => {
  const chunks: Array<Uint8Array> = []
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) return undefined
    chunks.push(chunk)
  }
  const decoder = new TextDecoder()
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode()
}
