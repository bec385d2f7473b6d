import { bodyBytesMax } from '@headwater/backend-http/protocol'
import { pageEventsMax } from '@headwater/core/backend'
import type { EventValidation } from './EventValidation.ts'
import type { LogStorage } from './LogStorage.ts'
import type { ServerLogger } from './ServerLog.ts'
import type { TurnLedger } from './TurnLedger.ts'

/** What one request may cost. */
export interface ServerLimits {
  /** Checked before anything is parsed. */
  readonly bodyBytes: number
  readonly pageEvents: number
  /** Of the events of a page; a slow connection holds about two pages. */
  readonly pageBytes: number
}

/** A quarter of what the protocol allows: a thousand slow connections are 2 GB, not 8. */
const pageBytesDefault = 1024 * 1024

export const serverLimits: ServerLimits = {
  bodyBytes: bodyBytesMax,
  pageEvents: pageEventsMax,
  pageBytes: pageBytesDefault,
}

/** What every route needs. */
export interface ServerContext {
  readonly storage: LogStorage
  readonly validation: EventValidation | undefined
  readonly limits: ServerLimits
  readonly heartbeatMs: number
  readonly turns: TurnLedger
  readonly log: ServerLogger
  readonly stopping: AbortSignal
}
