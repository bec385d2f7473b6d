/**
 * Logs as text, for tests: `log('e2 A', 'e2.1 c', 'e3 B')` are three numbered events, the second client-only. What is
 * behind the id is content: `e3 B/evil` is another event under the id `B`.
 */
import type { EventEnvelope, NumberedEvent } from '../../src/event/EventEnvelope.ts'
import { type EventSequenceNumber, format, parse } from '../../src/event/EventSequenceNumber.ts'

export const at = (text: string): EventSequenceNumber => {
  const seq = parse(text)
  if (seq === undefined) throw new Error(`not a sequence number: ${text}`)
  return seq
}

export const envelope = (id: string, event: Partial<EventEnvelope> = {}): EventEnvelope => ({
  id,
  name: 'named',
  argsJson: '{}',
  clientId: 'alice',
  sessionId: 'alice-1',
  createdAt: 0,
  commitId: `commit-${id}`,
  isClientOnly: false,
  ...event,
})

export const row = (text: string, event: Partial<EventEnvelope> = {}): NumberedEvent => {
  const [position = '', name = ''] = text.split(' ')
  const [id = '', content] = name.split('/')
  const seq = at(position)
  const argsJson = content === undefined ? '{}' : JSON.stringify(content)
  return { seq, event: envelope(id, { argsJson, isClientOnly: seq.client > 0, ...event }) }
}

export const log = (...texts: ReadonlyArray<string>): Array<NumberedEvent> => texts.map((text) => row(text))

/** The inverse of {@link log}. */
export const show = (rows: Iterable<NumberedEvent>): Array<string> =>
  [...rows].map(({ seq, event }) => {
    const content = event.argsJson === '{}' ? '' : `/${String(JSON.parse(event.argsJson))}`
    return `${format(seq)} ${event.id}${content}`
  })
