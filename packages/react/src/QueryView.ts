import type { Query, Store } from '@headwater/core'
import { answerOf } from './Snapshot.ts'
import type { StoreHandle } from './StoreHandle.ts'
import { queriesOf, type ShownQuery } from './StoreQueries.ts'

/** No answer yet: the store is opening. */
export const opening: unique symbol = Symbol('opening')
/** No answer here: only a browser opens the store. */
export const notOnServer: unique symbol = Symbol('notOnServer')

/** What one component reads of one query, before and after the store is open: the three functions that React asks for. */
export class QueryView<A> {
  readonly #handle: StoreHandle
  readonly #query: Query<A>
  readonly #key: string
  readonly #whileOpening: 'snapshot' | 'suspend'
  #shown: ShownQuery<A> | undefined
  #snapshot: readonly [A] | readonly [] | undefined

  constructor(handle: StoreHandle, query: Query<A>, key: string, whileOpening: 'snapshot' | 'suspend') {
    this.#handle = handle
    this.#query = query
    this.#key = key
    this.#whileOpening = whileOpening
  }

  readonly subscribe = (listener: () => void): (() => void) =>
    this.#handle.attach((store) => this.#of(store).subscribe(listener), listener)

  readonly read = (): A | typeof opening => {
    const store = this.#handle.read()
    if (store !== undefined) return this.#of(store).read()
    return this.#whileOpening === 'snapshot' ? this.#orFromSnapshot(opening) : opening
  }

  /** On a server, and in the browser's first render of its HTML: both have to find the same. */
  readonly readOnServer = (): A | typeof opening | typeof notOnServer => {
    const { store, isBrowsers } = this.#handle
    if (store !== undefined) return this.#fromSnapshot().length === 1 ? this.#orFromSnapshot(opening) : this.read()
    // In a browser the HTML stays as it is until the store is open.
    const none = isBrowsers && typeof document === 'undefined' ? notOnServer : opening
    return this.#whileOpening === 'snapshot' ? this.#orFromSnapshot(none) : none
  }

  #of(store: Store): ShownQuery<A> {
    if (this.#shown !== undefined) return this.#shown
    const shown = (this.#shown = queriesOf(store).get(this.#query, this.#key))
    for (const answer of this.#fromSnapshot()) shown.seed(answer)
    return shown
  }

  #orFromSnapshot<None>(none: None): A | None {
    const [answer] = this.#fromSnapshot()
    return this.#fromSnapshot().length === 0 ? none : (answer as A)
  }

  /** One, which may be `undefined`, or none. */
  #fromSnapshot(): readonly [A] | readonly [] {
    const { snapshot } = this.#handle
    return (this.#snapshot ??= snapshot === undefined ? [] : answerOf(snapshot, this.#query, this.#key))
  }
}
