/**
 * Answers whose text is known or comes piece by piece, so that a listener that can write text need not read it out of web streams:
 * for a thousand live pulls those are 15 MB. They are whole `Response`s: one that somebody has made anew on its way, or reads
 * himself, is none of these any more, and read as any other.
 */

/** Text that comes when it is asked for, and not before. */
export interface TextSource {
  /** The next piece; `undefined` at the end. Never asked again before it is there. */
  readonly next: () => Promise<string | undefined>
  /** Nobody will ask again. */
  readonly cancel: () => void
}

interface Known {
  readonly body: Response['body']
  readonly text: string | TextSource
}

const known = new WeakMap<Response, Known>()

const remember = (response: Response, text: string | TextSource): Response => {
  known.set(response, { body: response.body, text })
  return response
}

/** An answer of this text. */
export const plainResponse = (text: string, init: ResponseInit): Response => remember(new Response(text, init), text)

const encoder = new TextEncoder()

/** An answer of what comes. */
export const streamedResponse = (source: TextSource, init: ResponseInit): Response => {
  const body = new ReadableStream<Uint8Array>(
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
  return remember(new Response(body, init), source)
}

/** The whole of an answer, or where it comes from, if that is known and nobody has begun to read it, or a copy of it. */
export const plainTextOf = (response: Response): string | TextSource | undefined => {
  const found = known.get(response)
  // A copy shares the body: both halves of it are new.
  const isUntouched = found?.body === response.body && !response.bodyUsed && response.body?.locked !== true
  return isUntouched ? found?.text : undefined
}
