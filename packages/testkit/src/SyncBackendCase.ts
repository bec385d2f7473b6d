import type { SyncBackendError, SyncBackendProvider } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import type * as Scope from 'effect/Scope'
import { fail } from './Assert.ts'

/** What a backend under test can be made to do. Cases that need what is not named are left out. */
export type SyncBackendCapability = 'restart' | 'offline' | 'loseAnswer' | 'refuse' | 'token' | 'replaceLog' | 'restore'

/** A fresh backend with empty logs. Methods belong to the capabilities of the same name. */
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

export const isCaseFor = (each: SyncBackendCase, capabilities: ReadonlyArray<SyncBackendCapability>): boolean =>
  each.needs.every((need) => capabilities.includes(need))

/** Calls a capability's method; a backend that names the capability has to have it. */
export const use = (method: (() => Promise<void>) | undefined): Effect.Effect<void> =>
  Effect.promise(async () => {
    await (method ?? fail('a capability is named whose method the backend under test lacks'))()
  })
