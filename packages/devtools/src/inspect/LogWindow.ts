import { inspectStore, type LogPage, type Position, type Store, type StoredEvent } from '@headwater/core'

/** A position with about `count` events behind it, and not fewer than that unless the log has fewer. */
export const behindNewest = (localHead: Position, count: number): Position =>
  localHead.client >= count
    ? { global: localHead.global, client: localHead.client - count }
    : { global: Math.max(0, localHead.global - (count - localHead.client)), client: 0 }

/** Whether everything of the log is behind it. */
export const isRoot = ({ global, client }: Position): boolean => global === 0 && client === 0

/** The end of a log. **Shape** `events`: oldest first. */
export interface NewestEvents {
  readonly epoch: number
  readonly attachment: number
  readonly settledHead: LogPage['settledHead']
  readonly events: ReadonlyArray<StoredEvent>
  /** They are all of the log. */
  readonly isComplete: boolean
  /** The log was not rolled back while it was read. */
  readonly isOneLog: boolean
}

/** What a page answers at most. */
const pageLimit = 1000

/**
 * The newest `count` events of the leader's log. Reads on from where about so many begin, and keeps the last pages only:
 * client-only events stand between the positions that the beginning was counted by.
 *
 * **Fails with**  as `StoreInspection.readLog`.
 */
export const readNewestEvents = async (
  store: Store,
  count: number,
  signal: AbortSignal | undefined,
): Promise<NewestEvents> => {
  const from = behindNewest(store.status.leader.localHead, count)
  const pages: Array<LogPage> = []
  let [isOneLog, hasAll] = [true, isRoot(from)]
  for (let after = from; ;) {
    const page = await inspectStore(store).readLog({
      after,
      limit: pageLimit,
      ...(signal === undefined ? {} : { signal }),
    })
    const before = pages.at(-1) ?? page
    isOneLog &&= before.epoch === page.epoch && before.attachment === page.attachment
    pages.push(page)
    // The last one may be empty.
    if ((pages.length - 2) * pageLimit >= count) {
      pages.shift()
      hasAll = false
    }
    const last = page.events.at(-1)
    if (last !== undefined && page.events.length === pageLimit) {
      after = last.position
      continue
    }
    const read = pages.flatMap(({ events }) => events)
    const { epoch, attachment, settledHead } = page
    return {
      epoch,
      attachment,
      settledHead,
      events: read.slice(-count),
      isComplete: hasAll && read.length <= count,
      isOneLog,
    }
  }
}
