/** How the first tab tells the second one of the follow workload what to do. */
import type { FollowerAnswer, FollowerOrder } from '../Follower.ts'

export type TabOrder = { readonly order: FollowerOrder | 'freeze' } | { readonly answer: FollowerAnswer }

/** Both tabs' channel. */
export const openTabChannel = (): BroadcastChannel => new BroadcastChannel('bench-follower')

/** The server answers `holdPath` when somebody asks for `thawPath`: who waits for it synchronously stands still, and uses no processor. */
export const holdPath = '/hold'
export const thawPath = '/thaw'

/** Tabs of one browser have one clock. **Units** ms. */
export const tabNow = (): number => performance.timeOrigin + performance.now()
