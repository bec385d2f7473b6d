import type { LeaderClient, LeaderClientHandlers } from '../channel/LeaderClient.ts'
import type { LeaderMessage, SessionMessage } from '../channel/LeaderMessage.ts'
import type { Environment } from '../environment/Environment.ts'
import type { Leader, LeaderPort } from './Leader.ts'

/**
 * Connects a session to a leader of its own thread. Messages are handed over as they are, in tasks of their own, so that
 * neither side ever runs inside the other.
 *
 * `onClose` runs after the session has said goodbye.
 */
export const localLeaderClient = (
  leader: Leader,
  environment: Environment,
  onClose: () => Promise<void>,
): LeaderClient => {
  let handlers: LeaderClientHandlers | null = null
  let port: LeaderPort | null = null
  const incoming: Array<LeaderMessage> = []
  const deliver = (): void => {
    const message = incoming.shift()
    if (message !== undefined) handlers?.onMessage(message)
  }
  return {
    listen: (given) => {
      handlers = given
      port = leader.connect((message) => {
        incoming.push(message)
        environment.microtask(deliver)
      })
    },
    send: (message: SessionMessage) => port?.receive(message),
    close: async () => {
      handlers = null
      await onClose()
    },
  }
}
