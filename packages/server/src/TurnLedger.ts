/**
 * Turns under contention. A client whose pushes were answered `BackendAhead` {@link refusalsMax} times in a row gets a
 * turn: until it has landed a batch, and for {@link turnMs} at most, pushes of other clients to that store wait.
 *
 * | State of a store | Event                                   | Next                                            |
 * | ---------------- | --------------------------------------- | ----------------------------------------------- |
 * | nobody's turn    | third refusal of one client in a row    | its turn; a timer runs                          |
 * | nobody's turn    | push                                    | goes through                                    |
 * | A's turn         | push of A                               | goes through; accepted: nobody's turn           |
 * | A's turn         | push of B                               | waits until A's turn is over, and the next ones |
 * | A's turn         | third refusal of C                      | C queues for a turn                             |
 * | A's turn         | over: landed, or its time has passed    | the next in the queue, else nobody's turn       |
 *
 * Who has waited for {@link turnMs} goes through when the turn that runs then is over, whoever is next, so that no push waits
 * longer than two turns. Until then it lets those in the queue go first: of two hundred clients that want the same place each
 * is refused a few times, not two hundred times. A client that is far away delays the others once per batch it lands, and one
 * that vanished once for all.
 *
 * **Source**  spec section 7, "starvation under contention".
 */
export interface TurnLedger {
  /** Ends when this client may push; `undefined`: at once, because it is nobody else's turn. */
  readonly enter: (storeId: string, clientId: string) => Promise<void> | undefined
  readonly note: (storeId: string, clientId: string, answer: 'Accepted' | 'BackendAhead') => void
}

const refusalsMax = 3
/** Two round trips of a client that is a second away, and a second to rebase. */
const turnMsDefault = 3_000
/** Refusals older than this don't count: the client was offline in between. */
const windowMs = 60_000
/** Clients whose refusals are counted in one store; beyond it the oldest count is dropped. */
const clientsMax = 1_000
/** Stores with counts; beyond it the oldest store's counts are dropped. Turns that run are kept by their timers. */
const storesMax = 10_000

/** A client that pushes without pause was refused within a turn and two round trips. */
const goneMs = 10_000

export interface TurnOptions {
  readonly turnMs?: number
  /** A monotonic clock, in ms. */
  readonly now?: () => number
}

interface Refusals {
  readonly count: number
  readonly lastMs: number
}

interface StoreTurns {
  readonly refusals: Map<string, Refusals>
  /** Clients that have earned a turn while another's ran, oldest first. */
  readonly queue: Set<string>
  turn: Turn | undefined
}

interface Turn {
  readonly clientId: string
  readonly over: Promise<void>
  readonly end: () => void
}

export const makeTurnLedger = (options: TurnOptions = {}): TurnLedger => {
  const now = options.now ?? (() => performance.now())
  const stores = new Map<string, StoreTurns>()
  const forget = (storeId: string, store: StoreTurns): void => {
    const isEmpty = store.turn === undefined && store.refusals.size === 0
    if (isEmpty && stores.get(storeId) === store) stores.delete(storeId)
  }
  const grant = (storeId: string, store: StoreTurns, clientId: string): void => {
    store.refusals.delete(clientId)
    store.turn = makeTurn(clientId, options.turnMs ?? turnMsDefault, () => {
      store.turn = undefined
      const next = takeNext(store, now())
      if (next === undefined) forget(storeId, store)
      else grant(storeId, store, next)
    })
  }
  const othersTurn = (storeId: string, clientId: string): Turn | undefined => {
    const turn = stores.get(storeId)?.turn
    return turn?.clientId === clientId ? undefined : turn
  }
  const waitFrom = async (storeId: string, clientId: string, first: Turn): Promise<void> => {
    const sinceMs = now()
    for (let turn: Turn | undefined = first; turn !== undefined; turn = othersTurn(storeId, clientId)) {
      await turn.over
      if (now() - sinceMs >= (options.turnMs ?? turnMsDefault)) return
    }
  }
  return {
    enter: (storeId, clientId) => {
      const turn = othersTurn(storeId, clientId)
      return turn === undefined ? undefined : waitFrom(storeId, clientId, turn)
    },
    note: (storeId, clientId, answer) => {
      const store = stores.get(storeId) ?? { refusals: new Map<string, Refusals>(), queue: new Set(), turn: undefined }
      if (answer === 'Accepted') {
        store.refusals.delete(clientId)
        store.queue.delete(clientId)
        if (store.turn?.clientId === clientId) store.turn.end()
        return forget(storeId, store)
      }
      stores.set(storeId, store)
      dropOldest(stores, storesMax)
      if (store.turn?.clientId === clientId) return
      if (countRefusal(store.refusals, clientId, now()) < refusalsMax) return
      if (store.turn === undefined) grant(storeId, store, clientId)
      else store.queue.add(clientId)
    },
  }
}

/** The next in the queue that is still there: its last refusal is not long ago. */
const takeNext = (store: StoreTurns, nowMs: number): string | undefined => {
  for (const clientId of store.queue) {
    store.queue.delete(clientId)
    const refusals = store.refusals.get(clientId)
    if (refusals !== undefined && nowMs - refusals.lastMs < goneMs) return clientId
  }
  return undefined
}

const dropOldest = (map: Map<string, unknown>, sizeMax: number): void => {
  const oldest = map.size > sizeMax ? map.keys().next().value : undefined
  if (oldest !== undefined) map.delete(oldest)
}

const countRefusal = (refusals: Map<string, Refusals>, clientId: string, nowMs: number): number => {
  const before = refusals.get(clientId)
  const count = before === undefined || nowMs - before.lastMs > windowMs ? 1 : before.count + 1
  refusals.delete(clientId)
  refusals.set(clientId, { count, lastMs: nowMs })
  dropOldest(refusals, clientsMax)
  return count
}

const makeTurn = (clientId: string, turnMs: number, onEnd: () => void): Turn => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = (): void => {
    clearTimeout(timer)
    onEnd()
    resolve()
  }
  const timer = setTimeout(end, turnMs)
  timer.unref()
  return { clientId, over: promise, end }
}
