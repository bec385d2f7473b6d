/** Of examples/backend-file: an app's schema and adapter. */
import type { Adapter, StoreSchema } from '@headwater/core'

export { createStore } from '@headwater/core'

export declare const schema: StoreSchema
export declare const adapter: Adapter
