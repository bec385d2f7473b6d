/**
 * A `LeaderClient` that watches another one: the rules of `core/src/channel/LeaderClient.ts`, checked in every case of
 * the suite whatever it is about.
 */
import type { AdapterConnection, LeaderClient, LeaderMessage } from '@headwater/core/adapter'

/** What a client did against its rules, and how often its session was told of a loss. */
export interface ClientWatch {
  readonly violations: Array<string>
  lost: number
}

export const makeClientWatch = (): ClientWatch => ({ violations: [], lost: 0 })

/** The same connection, watched. */
export const checkedConnection = (connection: AdapterConnection, watch: ClientWatch): AdapterConnection => ({
  ...connection,
  client: checkedClient(connection.client, watch),
})

const checkedClient = (client: LeaderClient, watch: ClientWatch): LeaderClient => {
  let isSending = false
  let isClosed = false
  let needsHello = true
  let term = 0
  const violated = (rule: string): void => void watch.violations.push(rule)

  const check = (message: LeaderMessage): void => {
    if (isSending) violated(`"${message._tag}" arrived while send was running`)
    if (isClosed) violated(`"${message._tag}" arrived after close`)
    if (needsHello && message._tag !== 'hello') violated(`the first message of a leader was "${message._tag}"`)
    if (message._tag === 'hello') {
      needsHello = false
      if (message.term < term) violated(`a leader of term ${message.term} came after one of term ${term}`)
      term = Math.max(term, message.term)
    }
  }

  return {
    listen: (handlers) =>
      client.listen({
        onMessage: (message) => {
          check(message)
          handlers.onMessage(message)
        },
        onLost: (reason) => {
          if (isSending) violated('onLost was called while send was running')
          if (isClosed) violated('onLost was called after close')
          if (!(reason instanceof Error) || reason.message === '') violated('onLost did not say why')
          needsHello = true
          watch.lost++
          handlers.onLost(reason)
        },
      }),
    send: (message, transfer) => {
      isSending = true
      try {
        client.send(message, transfer)
      } finally {
        isSending = false
      }
    },
    close: () => {
      isClosed = true
      return client.close()
    },
  }
}
