/** A client's network: a `fetch` that can be cut and mended, as when a laptop leaves its Wi-Fi. */
export interface Network {
  readonly fetch: typeof globalThis.fetch
  /** Cutting ends what is under way, streams too; until it is mended every request fails at once. */
  readonly setOnline: (isOnline: boolean) => void
}

export const makeNetwork = (): Network => {
  let cut: AbortController | null = new AbortController()
  let wire = cut
  return {
    fetch: (input, init) => {
      if (cut === null) return Promise.reject(new TypeError('offline: the demo has cut this client off'))
      const signals = [wire.signal, ...(init?.signal == null ? [] : [init.signal])]
      return globalThis.fetch(input, { ...init, signal: AbortSignal.any(signals) })
    },
    setOnline: (isOnline) => {
      if (isOnline === (cut !== null)) return
      cut = isOnline ? (wire = new AbortController()) : null
      if (!isOnline) wire.abort(new TypeError('offline: the demo has cut this client off'))
    },
  }
}
