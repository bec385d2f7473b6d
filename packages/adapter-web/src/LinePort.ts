/**
 * One end of a line between a session and its leader's worker: whole messages, in order, both ways. Two kinds:
 *
 * - a **MessagePort** that the SharedWorker `PortBroker.ts` has passed on, or the leader's own page;
 * - a **relay** where there is no SharedWorker: both ends open a `BroadcastChannel` of a name that nobody else knows. A
 *   port cannot be sent over a BroadcastChannel, so the messages themselves go over it.
 *
 * Frames of a relay:
 *
 * | Field | Is                                                                                        |
 * | ----- | ----------------------------------------------------------------------------------------- |
 * | `to`  | `leader` or `session`: everybody on a channel hears everything, but not its own           |
 * | `n`   | 0, 1, 2 … per direction: a channel keeps order, but nobody says that all of it arrives    |
 * | `m`   | the message; absent in the last frame, which says that this end has closed                |
 *
 * A frame with a lower number than expected is dropped, one with a higher number closes the line: what is missing may
 * have been a push, and the session says again what matters once it has a new line. The heartbeat is numbered too, so
 * a last frame that was lost is noticed with the next `ping` or `pong`. Transfers are copies.
 */
import { relayChannel } from './LeaderWire.ts'

export interface LinePort {
  readonly post: (message: unknown, transfer?: ReadonlyArray<ArrayBufferLike>) => void
  /** `closed`: the other end has said so, or something was lost. An end that dies may say nothing. Called once. */
  readonly listen: (take: (message: unknown) => void, closed: () => void) => void
  /** No handler runs any more. */
  readonly close: () => void
}

export const messageLinePort = (port: MessagePort): LinePort => ({
  post: (message, transfer = []) => port.postMessage(message, transfer as Array<ArrayBuffer>),
  listen: (take, closed) => {
    port.addEventListener('message', ({ data }) => take(data))
    // Not in every browser yet; the locks tell all of them.
    port.addEventListener('close', closed)
    port.start()
  },
  close: () => port.close(),
})

/** @internal */
export interface RelayFrame {
  readonly to: 'leader' | 'session'
  readonly n: number
  readonly m?: unknown
}

/** One end of the relay `connection`. */
export const relayLinePort = (connection: string, side: RelayFrame['to']): LinePort => {
  const channel = new BroadcastChannel(relayChannel(connection))
  const to = side === 'leader' ? 'session' : 'leader'
  let sent = 0
  let expected = 0
  let isClosed = false
  const close = (): void => {
    if (isClosed) return
    isClosed = true
    channel.postMessage({ to, n: sent++ } satisfies RelayFrame)
    channel.close()
  }
  return {
    post: (m) => {
      if (!isClosed) channel.postMessage({ to, n: sent++, m } satisfies RelayFrame)
    },
    listen: (take, closed) => {
      channel.addEventListener('message', ({ data }: MessageEvent<RelayFrame>) => {
        if (isClosed || data.to !== side || data.n < expected) return
        if (data.n === expected && 'm' in data) {
          expected++
          return take(data.m)
        }
        close()
        closed()
      })
    },
    close,
  }
}
