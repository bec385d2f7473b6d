/** A client's network: a `fetch` that can be cut and mended, as when a laptop leaves its Wi-Fi. */
export interface Network {
  readonly fetch: typeof globalThis.fetch
  /** Cutting ends what is under way, streams too; until it is mended every request fails at once. */
  readonly setOnline: (isOnline: boolean) => void
}

const offline = (): TypeError => new TypeError('offline: the demo has cut this client off')

export const makeNetwork = (): Network => {
  let wire = new AbortController()
  return {
    fetch: (input, init) => {
      const signals = [wire.signal, init?.signal].filter((signal) => signal instanceof AbortSignal)
      return globalThis.fetch(input, { ...init, signal: AbortSignal.any(signals) })
    },
    setOnline: (isOnline) => {
      if (!isOnline) wire.abort(offline())
      else if (wire.signal.aborted) wire = new AbortController()
    },
  }
}
