/** What tests tell the leader of a store, over a channel of its own. */
export type LeaderOrder =
  | { readonly do: 'hang' | 'die' }
  /** Stops for that long, and goes on. */
  | { readonly do: 'freeze'; readonly forMs: number }

export const orderChannel = (store: string): string => `${store}:order`

export const orderLeader = (store: string, order: LeaderOrder): void => {
  const channel = new BroadcastChannel(orderChannel(store))
  channel.postMessage(order)
  channel.close()
}

export const startObedientWorker = (): Worker =>
  new Worker(new URL('./ObedientWorker.ts', import.meta.url), { type: 'module' })

/** One whose log takes that long for every COMMIT. */
export const startSlowWorker = (commitMs: number): Worker =>
  new Worker(new URL('./ObedientWorker.ts', import.meta.url), { type: 'module', name: String(commitMs) })
