/**
 * What tabs, leaders' workers and the port broker say to each other *around* core's messages. Three kinds of lines:
 *
 * 1. **The store's channel**, a `BroadcastChannel` named as the store's lock ({@link storeName}): who leads. It goes
 *    through the browser's own process, so it works while any tab is stopped, and in browsers without SharedWorker.
 *
 *    | Message    | From            | Means                                                                          |
 *    | ---------- | --------------- | ------------------------------------------------------------------------------ |
 *    | `who`      | a tab           | leader, say `leading`                                                          |
 *    | `starting` | a tab           | the present leader is gone or given up, this tab starts one: wait for `leading` |
 *    | `leading`  | leader's worker | it leads, under this name; whoever is connected to another one looks again     |
 *    | `join`     | a session       | serve me over the relay channel named `connection` (`LinePort.ts`)             |
 *    | `over`     | leader's worker | it has ended                                                                   |
 *
 * 2. **A line** per session, a {@link LinePort}: core's messages, and below them
 *
 *    | session → leader | answered by | leader → session | means                                          |
 *    | ---------------- | ----------- | ---------------- | ---------------------------------------------- |
 *    | (the port)       | `accepted`  | `log`            | an entry of the leader's log, for the app's own |
 *    | `ping`           | `pong`      | `ending`         | the leader gives up, and why                   |
 *    | `leave`          | `left`      |                  |                                                |
 *
 *    `left` comes after the goodbye has been taken; if it was the last session, after files are closed and the lock is
 *    free. A session holds a Web Lock of its own ({@link sessionLock}) for as long as it has its line: a leader that is
 *    given this lock knows that the session's tab is gone, however it went.
 *
 * 3. **Page and worker**, `postMessage` ({@link ToWorker}, {@link FromWorker}): a page starts its worker and hands it ports.
 *
 * Everything a leader says on 1 and 2, but for `pong`, is held back unless its lease is valid (`LeaderLease.ts`).
 *
 * **Versions.** `protocol` counts incompatible changes of all this and of core's messages. A tab that meets an older
 * leader replaces it; one that meets a newer leader fails with `AdapterOutdated` and asks for a reload.
 */
import type { LeaderMessage, LogEntry, SessionMessage } from '@headwater/core/adapter'

/** See "Versions" above. */
export const protocolVersion = 1

/** Name of a store's lock and channel; all tabs of an origin have the same. */
export const storeName = (directory: string, storeId: string): string => `headwater:${directory}:${storeId}`

/** Held by the tab whose worker leads; waited for by the one that is next. */
export const candidateLock = (store: string): string => `${store}:candidate`

/** Held by the tab that is next, which has its worker ready; all others that have the store open wait for it. */
export const nextLock = (store: string): string => `${store}:next`

/** Held by the tab that replaces a leader which does not answer. */
export const replacerLock = (store: string): string => `${store}:replacer`

/** Held by a session for as long as it has this line. */
export const sessionLock = (connection: string): string => `headwater:session:${connection}`

export const relayChannel = (connection: string): string => `headwater:relay:${connection}`

/** Who leads a store. */
export interface LeaderName {
  /** Random, of one worker's lead; the page that starts it makes it. */
  readonly leader: string
  readonly protocol: number
}

export type StoreCall =
  | { readonly is: 'who' }
  | { readonly is: 'starting' }
  | ({ readonly is: 'leading' } & LeaderName)
  | { readonly is: 'join'; readonly leader: string; readonly connection: string }
  | { readonly is: 'over'; readonly leader: string }

export type LineToLeader = SessionMessage | { readonly headwater: 'ping' | 'leave' }

export type LineFromLeader =
  | LeaderMessage
  | { readonly headwater: 'accepted' | 'pong' }
  | { readonly headwater: 'left'; readonly hasEnded: boolean }
  | { readonly headwater: 'ending'; readonly reason: string }
  | { readonly headwater: 'log'; readonly entry: LogEntry }

/** The store that a worker is started for. */
export interface StorePlace {
  readonly storeId: string
  /** The folder of the origin that holds all stores. */
  readonly directory: string
}

/** Page to worker. */
export type ToWorker =
  /** It will lead soon: load what that takes. */
  | { readonly is: 'prepare' }
  | ({ readonly is: 'lead'; readonly isTakeOver: boolean } & LeaderName & StorePlace)
  | { readonly is: 'connect'; readonly connection: string; readonly port: MessagePort }
  /** The port broker's end: what arrives there is `connect`. */
  | { readonly is: 'broker'; readonly port: MessagePort }
  /** End if no session is connected. */
  | { readonly is: 'end-if-unused' }
  | ({ readonly is: 'import'; readonly bytes: Uint8Array } & StorePlace)
  | ({ readonly is: 'wipe' } & StorePlace)

/** Worker to page. */
export type FromWorker =
  | { readonly is: 'leading' }
  /** It has the lock and goes on to the files. */
  | { readonly is: 'opening' }
  /** Somebody else has the lock. */
  | { readonly is: 'locked' }
  | WorkerFailure
  /** Files are closed and the lock is free. */
  | { readonly is: 'ended' }
  /** The import, or the wipe. */
  | { readonly is: 'done' }

/** A typed error, as its tag and fields. */
export interface WorkerFailure {
  readonly is: 'failed'
  readonly tag: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}
