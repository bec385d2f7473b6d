/** A log as it is drawn: one box for each event. */
import { formatPosition } from '@headwater/core'
import type { LogPage, PendingEvent, StoredEvent } from '@headwater/core'

/** How far an event has come. `skipped`: settled, but its materializer failed where it stands. */
export type EventStage = 'pending' | 'persisted' | 'settled' | 'skipped'

export interface LogBox {
  readonly id: string
  /** **Shape** `e4r1`. */
  readonly position: string
  readonly label: string
  readonly author: string
  readonly stage: EventStage
}

/** What the boxes are made of. */
export interface LogParts {
  readonly page: LogPage
  /** What the leader does not have. */
  readonly pending: ReadonlyArray<PendingEvent>
  readonly skipped: ReadonlySet<string>
  readonly describe: (event: StoredEvent) => { readonly label: string; readonly author: string }
}

/** A client's whole log, oldest first. */
export const logBoxes = ({ page, pending, skipped, describe }: LogParts): ReadonlyArray<LogBox> => {
  const known = new Set(page.events.map(({ id }) => id))
  const stageOf = ({ id, position }: StoredEvent): EventStage => {
    if (skipped.has(id)) return 'skipped'
    return position.global <= page.settledHead.global ? 'settled' : 'persisted'
  }
  return [
    ...page.events.map((event) => boxOf(event, stageOf(event), describe)),
    ...pending.filter(({ id }) => !known.has(id)).map((event) => boxOf(event, 'pending', describe)),
  ]
}

const boxOf = (event: StoredEvent, stage: EventStage, describe: LogParts['describe']): LogBox => ({
  id: event.id,
  position: formatPosition(event.position),
  ...describe(event),
  stage,
})
