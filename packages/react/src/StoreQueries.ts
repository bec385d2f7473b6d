/**
 * The queries that components of one store show. Components that ask the same share one live query; what a commit
 * changes is shown for all of them at once, when the store has refreshed the last one.
 *
 * A query that nobody has mounted yet, or any more, is not subscribed: rendering has no side effects. Its answer holds
 * until the store changes, so that one render sees one state however often it asks.
 */
import { type Query, type Store, StoreClosed } from '@headwater/core'
import { sharedKey } from './QueryKey.ts'
import { keepIdentity } from './ResultIdentity.ts'

const byStore = new WeakMap<Store, StoreQueries>()

/** The queries of a store: one record per store, as long as the store. */
export const queriesOf = (store: Store): StoreQueries => {
  const known = byStore.get(store)
  if (known !== undefined) return known
  const queries = new StoreQueries(store)
  byStore.set(store, queries)
  return queries
}

export class StoreQueries {
  readonly store: Store
  /** Refreshes so far: an answer without a subscription is good for one. */
  version = 0
  /** Weak: held by the components that show them, also by those that never get mounted. */
  readonly #queries = new Map<string, WeakRef<ShownQuery<unknown>>>()
  readonly #gone = new FinalizationRegistry<string>((key) => {
    if (this.#queries.get(key)?.deref() === undefined) this.#queries.delete(key)
  })
  readonly #changed = new Set<ShownQuery<unknown>>()
  readonly #detached = new Set<ShownQuery<unknown>>()

  constructor(store: Store) {
    this.store = store
    store.onRefresh(() => this.#publish())
  }

  /** The one for this query; `key` is its `queryKey`. */
  get<A>(query: Query<A>, key: string): ShownQuery<A> {
    const shared = sharedKey(query, key)
    const known = this.#queries.get(shared)?.deref()
    if (known !== undefined) return known as ShownQuery<A>
    const made = new ShownQuery(this, query)
    this.#queries.set(shared, new WeakRef(made as ShownQuery<unknown>))
    this.#gone.register(made, shared)
    return made
  }

  /** Its new answer is shown with those of all others. */
  changed(query: ShownQuery<unknown>): void {
    this.#changed.add(query)
  }

  /** It is mounted and has no live query, because it failed: tried again with the next change. */
  detached(query: ShownQuery<unknown>): void {
    this.#detached.add(query)
  }

  #publish(): void {
    this.version++
    const changed = Array.from(this.#changed)
    this.#changed.clear()
    const detached = Array.from(this.#detached)
    this.#detached.clear()
    // First all answers, then all listeners: whoever renders at once finds one state.
    const told = changed.filter((query) => query.take())
    for (const query of detached) query.attach()
    for (const query of told) query.tell()
  }
}

/** One query of a store, as React wants it: an answer that stays the same object until it differs. */
export class ShownQuery<A> {
  readonly #queries: StoreQueries
  readonly #query: Query<A>
  readonly #listeners = new Set<() => void>()
  #answer: { readonly result: A } | undefined
  #answeredAt = -1
  /** Its live query cannot be brought up to date. */
  #failure: { readonly error: unknown } | undefined
  /** From the store, in a refresh that has not ended. */
  #next: { readonly result: A } | { readonly error: unknown } | undefined
  #unsubscribe: (() => void) | undefined

  constructor(queries: StoreQueries, query: Query<A>) {
    this.#queries = queries
    this.#query = query
  }

  /** What was shown before there was a store: kept, object by object, as far as the store says the same. */
  seed(result: A): void {
    this.#answer ??= { result }
  }

  /** The answer. **Fails with** what the query fails with; a closed store keeps its last answer. */
  readonly read = (): A => {
    const isLive = this.#unsubscribe !== undefined && this.#answeredAt >= 0
    // Thrown while rendering, it reaches the error boundary.
    if (this.#failure !== undefined) throw this.#failure.error
    if (!isLive && this.#answeredAt !== this.#queries.version) this.#ask()
    return this.#answer!.result
  }

  #ask(): void {
    try {
      this.#adopt(this.#queries.store.query(this.#query))
    } catch (error) {
      if (error instanceof StoreClosed && this.#answer !== undefined) return
      throw error
    }
  }

  #adopt(result: A): void {
    this.#answeredAt = this.#queries.version
    const kept = this.#answer === undefined ? result : keepIdentity(this.#answer.result, result)
    if (this.#answer === undefined || !Object.is(kept, this.#answer.result)) this.#answer = { result: kept }
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.attach()
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#detach()
    }
  }

  /** Asks again: commits between rendering and mounting are not lost. */
  attach(): void {
    if (this.#listeners.size === 0 || this.#unsubscribe !== undefined) return
    const before = this.#answer
    try {
      let isFirst = true
      const hear = (next: { readonly result: A } | { readonly error: unknown }): void => {
        this.#next = next
        this.#queries.changed(this as ShownQuery<unknown>)
      }
      this.#unsubscribe = this.#queries.store.subscribe(
        this.#query,
        (result) => (isFirst ? this.#adopt(result) : hear({ result })),
        { onError: (error) => hear({ error }) },
      )
      isFirst = false
    } catch (error) {
      // Rendering finds the same error, and takes it to the error boundary.
      if (error instanceof StoreClosed && this.#answer !== undefined) return
      this.#answeredAt = -1
      this.#queries.detached(this as ShownQuery<unknown>)
      return this.tell()
    }
    if (this.#answer !== before) this.tell()
  }

  #detach(): void {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    this.#answeredAt = this.#next === undefined && this.#failure === undefined ? this.#queries.version : -1
    this.#next = undefined
    this.#failure = undefined
  }

  /** Shows what the refresh brought. **Shape** whether it differs. */
  take(): boolean {
    const [answer, failure, next] = [this.#answer, this.#failure, this.#next]
    this.#next = undefined
    if (next === undefined) return false
    this.#failure = 'error' in next ? next : undefined
    if ('result' in next) this.#adopt(next.result)
    return this.#answer !== answer || this.#failure !== failure
  }

  tell(): void {
    for (const listener of Array.from(this.#listeners)) listener()
  }
}
