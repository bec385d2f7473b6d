import type { LeaderClient } from '../channel/LeaderClient.ts'
import type { Environment } from '../environment/Environment.ts'
import type { OpenSessionDatabase } from '../session/SessionDatabase.ts'

export interface AdapterContext {
  /** Checked: `[A-Za-z0-9_-]{1,64}`. */
  readonly storeId: string
  readonly sessionId: string
  readonly environment: Environment
  /** Ends every wait of `connect`. */
  readonly signal: AbortSignal | undefined
}

/** One session's way into a store. */
export interface AdapterConnection {
  /** The adapter finds the store's leader, or starts one, and finds another one when it is lost. */
  readonly client: LeaderClient
  readonly openDatabase: OpenSessionDatabase
  /** Calls `wake` when the backend may be within reach again: the network is back, a page is shown again. The answer ends that. */
  readonly onWake?: (wake: () => void) => () => void
}

/**
 * A platform: where a store's files are, and how its sessions and its leader talk. Everything else is core's.
 *
 * **Fails with**  typed errors of the adapter's own: the directory is led by another process, the platform lacks
 * something, a file is of a newer format.
 */
export interface Adapter {
  readonly name: string
  readonly connect: (context: AdapterContext) => Promise<AdapterConnection>
  /** Puts an exported eventlog in place of a store that does not exist here yet. */
  readonly importLog: (storeId: string, bytes: Uint8Array) => Promise<void>
  /** Deletes everything of a store; nobody may have it open. */
  readonly wipe: (storeId: string) => Promise<void>
}
