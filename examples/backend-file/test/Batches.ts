import type { BackendEvent, BackendPosition } from '@headwater/core/backend'

export const batchEvents = 3

/** {@link batchEvents} new events behind `parent`. */
export const batchAfter = (parent: BackendPosition, clientId: string): Array<BackendEvent> => {
  let before = parent
  return Array.from({ length: batchEvents }, (_, index) => {
    const event = {
      global: before.global + 1,
      parentGlobal: before.global,
      parentId: before.eventId,
      id: crypto.randomUUID(),
      name: 'written',
      argsJson: JSON.stringify({ index, text: 'ä'.repeat(index * 50) }),
      clientId,
      sessionId: 'session-1',
      createdAt: 0,
    }
    before = { global: event.global, eventId: event.id }
    return event
  })
}
