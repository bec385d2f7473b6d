import type * as Duration from 'effect/Duration'

/** How to reach the server. Everything but `url` has a default. */
export interface HttpBackendOptions {
  /** Where the server is, with its prefix if it has one: `https://sync.example.com`, `/sync` in a browser. */
  readonly url: string | URL
  /** Called for every request; what it gives is sent as a bearer token. Throwing is `Unauthorized`. */
  readonly getToken?: () => string | null | undefined | Promise<string | null | undefined>
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>
  readonly fetch?: typeof globalThis.fetch
  /** `auto`: event streams, and long-poll where they don't get through. Default `auto`. */
  readonly live?: 'auto' | 'sse' | 'poll'
  /** For one request with its answer. Default 30 seconds. */
  readonly timeout?: Duration.Input
  /** How often the server speaks at least; two missed end a stream with `TimedOut`. Default 15 seconds. */
  readonly heartbeat?: Duration.Input
  /** Silence at the start of a stream after which long-poll is tried. Default 10 seconds. */
  readonly firstByteTimeout?: Duration.Input
}
