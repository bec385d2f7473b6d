/** Of docs/write-an-adapter.md: what somebody who writes one has. */
import type { Adapter } from '@headwater/core/adapter'

export declare const myAdapter: (options: { readonly directory: string }) => Adapter
export declare const makeEmptyDirectory: () => Promise<string>
export declare const remove: (directory: string) => Promise<void>
