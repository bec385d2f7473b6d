/**
 * Answers that are text, whole or coming piece by piece. Between our routes and our listener, which writes text, they have no body:
 * the web streams that a body is made of would only turn it into bytes, for every push, and for as long as a live pull lasts. Whoever
 * else calls a handler gets them with their body.
 */

/** Text that comes when it is asked for, and not before. */
export interface TextSource {
  /** The next piece; `undefined` at the end. Never asked again before it is there. */
  readonly next: () => Promise<string | undefined>
  /** Nobody will ask again. */
  readonly cancel: () => void
}

const texts = new WeakMap<Response, string | TextSource>()

/** An answer of this text, without a body. */
export const plainResponse = (text: string | TextSource, headers: Readonly<Record<string, string>>): Response => {
  const response = new Response(null, { headers })
  texts.set(response, text)
  return response
}

/** What is to be written instead of the body. */
export const plainTextOf = (response: Response): string | TextSource | undefined => texts.get(response)

/** The answer with its text as its body. */
export const embodied = (response: Response): Response => {
  const text = texts.get(response)
  if (text === undefined) return response
  return new Response(typeof text === 'string' ? text : streamOf(text), response)
}

const streamOf = (source: TextSource): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const text = await source.next()
        if (text === undefined) controller.close()
        else controller.enqueue(encoder.encode(text))
      },
      cancel: source.cancel,
    },
    { highWaterMark: 0 },
  )
}
