import type { Adapter } from '@headwater/core'

/** Where a store of ours is, and how to look at what it has left. */
export interface StorePlace {
  readonly adapter: Adapter
  /** Of what log and tables hold once everything is closed, the log in its order. */
  readonly storedChecksum: () => Promise<string>
}
