import type { HttpBackendOptions } from '@headwater/backend-http'
import type * as Duration from 'effect/Duration'

/** How to reach the server and, through it, Electric. Everything but `url` has a default. */
export interface ElectricBackendOptions extends HttpBackendOptions {
  /**
   * How live changes come. `auto`: by event streams, and by long polls where they don't get through. Long polls are
   * answered from a cache's one request for all readers, if there is a cache in front. Default `auto`.
   */
  readonly live?: 'auto' | 'sse' | 'poll'
  /**
   * How often the other side speaks at least; two missed end a stream with `TimedOut`. With long polls no less than
   * Electric's own 20 seconds. Default 15 seconds.
   */
  readonly heartbeat?: Duration.Input
  /** How long Electric may lack an event that the database has, before that is asked for it. Default 5 seconds. */
  readonly lag?: Duration.Input
}
