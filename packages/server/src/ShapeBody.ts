/**
 * Passes an event stream of Electric's on, chunk by chunk as its reader takes them, with signs of life in its silences:
 * Electric says something every 21 s, the protocol every 15 s. The first comes at once: a client that hears nothing knows
 * that something on the way holds the stream back.
 */

/** A comment may stand only between two messages. */
const messageEnd = '\n\n'
const heartbeat = new TextEncoder().encode(`: heartbeat${messageEnd}`)

export interface ShapeBodyOptions {
  readonly heartbeatMs: number
  /** Ends the stream, well: the client comes back and is told why. */
  readonly ending: AbortSignal
}

export const withHeartbeats = (
  body: ReadableStream<Uint8Array>,
  { heartbeatMs, ending }: ShapeBodyOptions,
): ReadableStream<Uint8Array> => {
  const reader = body.getReader()
  const ended = Promise.withResolvers<'end'>()
  const end = (): void => ended.resolve('end')
  if (ending.aborted) end()
  ending.addEventListener('abort', end)
  const leave = (reason?: unknown): Promise<void> => {
    ending.removeEventListener('abort', end)
    return reader.cancel(reason)
  }
  let reading: ReturnType<typeof reader.read> | undefined
  let [isOpened, isBetweenMessages] = [false, true]
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        if (!isOpened) {
          isOpened = true
          return controller.enqueue(heartbeat)
        }
        for (;;) {
          reading ??= reader.read()
          const said = await firstOf(reading, ended.promise, heartbeatMs)
          if (said === 'silence' && !isBetweenMessages) continue
          if (said === 'silence') return controller.enqueue(heartbeat)
          if (said === 'end' || said.done) {
            await leave().catch(() => undefined)
            return controller.close()
          }
          reading = undefined
          isBetweenMessages = endsMessage(said.value, isBetweenMessages)
          return controller.enqueue(said.value)
        }
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  )
}

const firstOf = async <A>(
  reading: Promise<A>,
  ended: Promise<'end'>,
  silenceMs: number,
): Promise<A | 'end' | 'silence'> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<'silence'>((resolve) => {
    timer = setTimeout(() => resolve('silence'), silenceMs)
  })
  try {
    return await Promise.race([reading, ended, silence])
  } finally {
    clearTimeout(timer)
  }
}

const newline = messageEnd.charCodeAt(0)

/** Whether a stream that was so before stands between two messages behind this chunk. */
const endsMessage = (chunk: Uint8Array, wasBefore: boolean): boolean => {
  const last = chunk.at(-1)
  if (last === undefined) return wasBefore
  return last === newline && (chunk.length === 1 ? wasBefore : chunk.at(-2) === newline)
}
