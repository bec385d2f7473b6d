import type { LeaderMessage, SessionMessage } from './LeaderMessage.ts'

export interface LeaderClientHandlers {
  readonly onMessage: (message: LeaderMessage) => void
  /** The leader is gone or does not answer. The adapter finds or starts another one, whose first message is `hello`. */
  readonly onLost: (reason: Error) => void
}

/**
 * A session's way to its leader, whoever that is at the moment. Provided by an adapter.
 *
 * Messages arrive in order and never while `send` is running. What is sent while no leader is there is dropped: a
 * session sends again what matters after the next `hello`.
 */
export interface LeaderClient {
  readonly listen: (handlers: LeaderClientHandlers) => void
  readonly send: (message: SessionMessage, transfer?: ReadonlyArray<ArrayBufferLike>) => void
  /** Leaves the leader; the last session to leave ends it. Resolves when the leader has nothing of this session left to write. */
  readonly close: () => Promise<void>
}
