import { comparePositions, type Position } from '@headwater/core'

/**
 * How far an event has come.
 *
 * | Stage       | The event is                                                                                       |
 * | ----------- | -------------------------------------------------------------------------------------------------- |
 * | `pending`   | in this session's memory only: its leader has not answered for it                                  |
 * | `persisted` | in this client's eventlog, and may still be rolled back or moved                                   |
 * | `settled`   | where it stays for good: the backend has it, or it is client-only and has nothing unsettled before |
 * | `rejected`  | a dead letter: refused, and in no log                                                              |
 *
 * **Source**  spec sections 2 (`settledHead`) and 3.
 */
export type EventStage = 'pending' | 'persisted' | 'settled' | 'rejected'

export const eventStages: ReadonlyArray<EventStage> = ['pending', 'persisted', 'settled', 'rejected']

/** The stage of an event of the leader's log. */
export const loggedStage = (position: Position, settledHead: Position): 'persisted' | 'settled' =>
  comparePositions(position, settledHead) <= 0 ? 'settled' : 'persisted'
