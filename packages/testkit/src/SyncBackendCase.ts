import type { SyncBackendError, SyncBackendProvider } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import type * as Scope from 'effect/Scope'
import { fail } from './Assert.ts'

/**
 * What a backend under test can be made to do, by the method of {@link BackendUnderTest} that does it. Cases that need
 * what is not named are reported as skipped.
 *
 * | Capability   | Method           | What it proves                                                       |
 * | ------------ | ---------------- | -------------------------------------------------------------------- |
 * | `restart`    | `restart`        | durable before acknowledged; streams end and resume                  |
 * | `offline`    | `setOnline`      | failures are retryable; the connection state is told                 |
 * | `loseAnswer` | `loseNextAnswer` | a retry stores nothing twice                                         |
 * | `refuse`     | `provider`       | one refused event refuses its batch, and nothing else                |
 * | `token`      | `setAuthorized`  | `Unauthorized` speaks of the token only                              |
 * | `rateLimit`  | `setRateLimit`   | `RateLimited` carries the hint when to come back                     |
 * | `stall`      | `setStalled`     | a connection that is open but dead is found out by missed heartbeats |
 * | `silence`    | `passSilence`    | a live stream without news is not taken for dead                     |
 * | `slowReader` | `bufferedBytes`  | a reader that does not read costs the server a page or two           |
 * | `replaceLog` | `replaceLog`     | another log behind the same address is told, never merged            |
 * | `restore`    | `restore`        | a log restored from a backup is told, never merged                   |
 */
export type SyncBackendCapability =
  | 'restart'
  | 'offline'
  | 'loseAnswer'
  | 'refuse'
  | 'token'
  | 'rateLimit'
  | 'stall'
  | 'silence'
  | 'slowReader'
  | 'replaceLog'
  | 'restore'

/** A fresh backend with empty logs. Methods belong to the capabilities; see {@link SyncBackendCapability}. */
export interface BackendUnderTest {
  /** Events whose name is `refused` must be refused with reason `refused` (capability `refuse`). */
  readonly provider: SyncBackendProvider
  /** Ends every connection and comes back with the same logs. */
  readonly restart?: () => Promise<void>
  readonly setOnline?: (isOnline: boolean) => Promise<void>
  /** The next push is stored, its answer never arrives. */
  readonly loseNextAnswer?: () => Promise<void>
  /** Whether the token that clients send is a valid one. */
  readonly setAuthorized?: (isAuthorized: boolean) => Promise<void>
  /** Every call is answered "too many requests, come back in `retryAfterMs`" (whole seconds); `null` ends that. */
  readonly setRateLimit?: (retryAfterMs: number | null) => Promise<void>
  /** While stalled, connections stay open and nothing that the backend says arrives, neither answers nor heartbeats. */
  readonly setStalled?: (isStalled: boolean) => Promise<void>
  /** Comes back when a live stream has been silent for longer than the time of two heartbeats. */
  readonly passSilence?: () => Promise<void>
  /** **Units** bytes of pages that the backend holds for its readers: read from the log, not yet taken by a client. */
  readonly bufferedBytes?: () => number
  /** An empty log with another `backendId`. */
  readonly replaceLog?: (storeId: string) => Promise<void>
  /** Cuts the log behind `global`, as a restore from an older backup does. */
  readonly restore?: (storeId: string, global: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** One law of the port, with what it needs from the backend under test. */
export interface SyncBackendCase {
  readonly name: string
  readonly needs: ReadonlyArray<SyncBackendCapability>
  readonly run: (under: BackendUnderTest, storeId: string) => Effect.Effect<void, SyncBackendError, Scope.Scope>
}

/** What the case needs and is not named. **Shape** empty: the case can run. */
export const missingFor = (
  each: SyncBackendCase,
  capabilities: ReadonlyArray<SyncBackendCapability>,
): ReadonlyArray<SyncBackendCapability> => each.needs.filter((need) => !capabilities.includes(need))

/** Calls a capability's method; a backend that names the capability has to have it. */
export const use = <Args extends ReadonlyArray<unknown>>(
  method: ((...args: Args) => Promise<void>) | undefined,
  ...args: Args
): Effect.Effect<void> =>
  Effect.promise(async () => {
    await (method ?? missingMethod)(...args)
  })

const missingMethod = (): never => fail('a capability is named whose method the backend under test lacks')
