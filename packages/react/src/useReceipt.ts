import { type Confirmation, type Receipt, StoreClosed } from '@headwater/core'
import { useSyncExternalStore } from 'react'

/** How far a commit has come. */
export type ReceiptState =
  | { readonly state: 'none' }
  | { readonly state: 'pending' }
  | { readonly state: 'persisted' }
  | { readonly state: 'confirmed'; readonly confirmation: Confirmation }
  /** `error` is `EventRejected` if the backend refused it. */
  | { readonly state: 'rejected'; readonly error: Error }

const none: ReceiptState = { state: 'none' }
const pending: ReceiptState = { state: 'pending' }
const persisted: ReceiptState = { state: 'persisted' }

/**
 * How far a commit has come, from `pending` to `confirmed` or `rejected`. Without a receipt: `none`.
 *
 * **Shape**  a store that is closed leaves the state as it was last known.
 *
 * **Example**
 * ```tsx
 * const [receipt, setReceipt] = useState<Receipt>()
 * const { state } = useReceipt(receipt)
 * return <button onClick={() => setReceipt(commit(todoDone({ id })))}>done ({state})</button>
 * ```
 */
export const useReceipt = (receipt: Receipt | undefined): ReceiptState => {
  const watch = receipt === undefined ? undefined : watchOf(receipt)
  return useSyncExternalStore(watch?.subscribe ?? subscribeToNothing, watch?.read ?? readNone, readNone)
}

const readNone = (): ReceiptState => none
const subscribeToNothing = (): (() => void) => () => undefined

const watches = new WeakMap<Receipt, ReceiptWatch>()

const watchOf = (receipt: Receipt): ReceiptWatch => {
  const known = watches.get(receipt)
  if (known !== undefined) return known
  const watch = new ReceiptWatch(receipt)
  watches.set(receipt, watch)
  return watch
}

/** Asks when the first component is mounted: a receipt costs nothing until its promises are read. */
class ReceiptWatch {
  readonly #receipt: Receipt
  readonly #listeners = new Set<() => void>()
  #state: ReceiptState = pending
  #isAsked = false

  constructor(receipt: Receipt) {
    this.#receipt = receipt
  }

  readonly read = (): ReceiptState => this.#state

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    if (!this.#isAsked) this.#ask()
    return () => this.#listeners.delete(listener)
  }

  #ask(): void {
    this.#isAsked = true
    const failed = (error: Error): void => {
      if (!(error instanceof StoreClosed)) this.#is({ state: 'rejected', error })
    }
    this.#receipt.persisted.then(() => {
      if (this.#state === pending) this.#is(persisted)
    }, failed)
    this.#receipt.confirmed.then((confirmation) => this.#is({ state: 'confirmed', confirmation }), failed)
  }

  #is(state: ReceiptState): void {
    this.#state = state
    for (const listener of Array.from(this.#listeners)) listener()
  }
}
