/**
 * Turns under contention. A client whose pushes were answered `BackendAhead` {@link refusalsMax} times in a row gets a
 * turn: until it has landed a batch, and for {@link turnMs} at most, pushes of other clients to that store wait.
 *
 * | State of a store | Event                                   | Next                                            |
 * | ---------------- | --------------------------------------- | ----------------------------------------------- |
 * | nobody's turn    | third refusal of one client in a row    | its turn; a timer runs                          |
 * | nobody's turn    | push                                    | goes through                                    |
 * | A's turn         | push of A                               | goes through; accepted: nobody's turn           |
 * | A's turn         | push of B                               | waits until A's turn is over                    |
 * | A's turn         | third refusal of C (it was in flight)   | C's count stays; its next refusal asks again    |
 * | A's turn         | {@link turnMs} passed                   | nobody's turn                                   |
 *
 * So a client that is far away delays the others once per batch it lands, and one that vanished once for all.
 *
 * **Source**  spec section 7, "starvation under contention".
 */
export interface TurnLedger {
  /** Ends when this client may push: at once, but in another's turn. */
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

interface Refusals {
  readonly count: number
  readonly lastMs: number
}

interface StoreTurns {
  readonly refusals: Map<string, Refusals>
  turn: Turn | undefined
}

interface Turn {
  readonly clientId: string
  readonly over: Promise<void>
  readonly end: () => void
}

export const makeTurnLedger = (options: { readonly turnMs?: number; readonly now?: () => number } = {}): TurnLedger => {
  const now = options.now ?? (() => performance.now())
  const stores = new Map<string, StoreTurns>()
  const forget = (storeId: string, store: StoreTurns): void => {
    if (store.turn === undefined && store.refusals.size === 0) stores.delete(storeId)
  }
  const grant = (storeId: string, store: StoreTurns, clientId: string): void => {
    store.refusals.delete(clientId)
    store.turn = makeTurn(clientId, options.turnMs ?? turnMsDefault, () => {
      store.turn = undefined
      forget(storeId, store)
    })
  }
  return {
    enter: (storeId, clientId) => {
      const turn = stores.get(storeId)?.turn
      return turn === undefined || turn.clientId === clientId ? undefined : turn.over
    },
    note: (storeId, clientId, answer) => {
      const store = stores.get(storeId) ?? { refusals: new Map<string, Refusals>(), turn: undefined }
      if (answer === 'Accepted') {
        store.refusals.delete(clientId)
        if (store.turn?.clientId === clientId) store.turn.end()
        return forget(storeId, store)
      }
      stores.set(storeId, store)
      const count = countRefusal(store.refusals, clientId, now())
      if (count >= refusalsMax && store.turn === undefined) grant(storeId, store, clientId)
    },
  }
}

const countRefusal = (refusals: Map<string, Refusals>, clientId: string, nowMs: number): number => {
  const before = refusals.get(clientId)
  const count = before === undefined || nowMs - before.lastMs > windowMs ? 1 : before.count + 1
  refusals.delete(clientId)
  refusals.set(clientId, { count, lastMs: nowMs })
  const oldest = refusals.size > clientsMax ? refusals.keys().next().value : undefined
  if (oldest !== undefined) refusals.delete(oldest)
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
