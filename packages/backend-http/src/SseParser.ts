/**
 * An incremental parser of `text/event-stream`, as far as the protocol uses it.
 *
 * Fields are read up to a blank line; lines end in LF or CR LF; `data` lines are joined by LF; comments and unknown
 * fields are dropped. Text may be cut anywhere. The work is linear in the text, however small the pieces: an
 * unfinished line is kept in pieces and joined once.
 *
 * **Source**  WHATWG HTML, section 9.2.6 (a lone CR as line end is not supported; no server of ours sends one).
 */

/** One event. `event` is `message` unless the stream named it; `id` is `null` without an id field. */
export interface SseEvent {
  readonly event: string
  readonly id: string | null
  readonly data: string
}

export interface SseParser {
  /** Takes the next piece of text; gives the events that it completes. */
  readonly push: (text: string) => ReadonlyArray<SseEvent>
}

/** The event being read. */
interface Fields {
  event: string
  id: string | null
  readonly data: Array<string>
}

export const makeSseParser = (): SseParser => {
  let unfinished: Array<string> = []
  let fields: Fields = { event: 'message', id: null, data: [] }
  const takeLine = (line: string, done: Array<SseEvent>): void => {
    if (line !== '') return readField(fields, line)
    if (fields.data.length > 0) done.push({ event: fields.event, id: fields.id, data: fields.data.join('\n') })
    fields = { event: 'message', id: null, data: [] }
  }
  return {
    push: (text) => {
      const done: Array<SseEvent> = []
      let start = 0
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
        unfinished.push(text.slice(start, end))
        const line = unfinished.length === 1 ? (unfinished[0] ?? '') : unfinished.join('')
        unfinished = []
        takeLine(line.endsWith('\r') ? line.slice(0, -1) : line, done)
        start = end + 1
      }
      if (start < text.length) unfinished.push(text.slice(start))
      return done
    },
  }
}

const readField = (fields: Fields, line: string): void => {
  const colon = line.indexOf(':')
  if (colon === 0) return
  const name = colon < 0 ? line : line.slice(0, colon)
  const from = colon < 0 ? line.length : line[colon + 1] === ' ' ? colon + 2 : colon + 1
  if (name === 'data') fields.data.push(line.slice(from))
  else if (name === 'event') fields.event = line.slice(from)
  else if (name === 'id') fields.id = line.slice(from)
}
