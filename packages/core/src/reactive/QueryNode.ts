import type { Query } from '../schema/Query.ts'
import {
  type Graph,
  isObserved,
  type Observer,
  type Outcome,
  type ReactiveNode,
  type Subscription,
} from './ReactiveNode.ts'
import { isSameValue } from './SameValue.ts'

/**
 * A query that computeds read. While one of them is observed it is a live query, otherwise it runs again when it is read
 * after the tables have changed.
 *
 * In the middle of a refresh some live queries have heard of the change and others have not, so none of them is
 * believed: the query runs on the tables, which are the same for everybody. Afterwards the live answer holds.
 */
export class QueryNode<out A> implements ReactiveNode<A> {
  readonly name = 'a query'
  readonly query: Query<A>
  readonly observers = new Set<Observer>()
  readonly subscriptions = new Set<Subscription>()
  readonly #graph: Graph
  #stamp = 0
  #outcome: Outcome<A> | undefined
  /** State of the tables that `outcome` was read from by itself. */
  #tables = -1
  /** What the live query told last; `undefined` while there is none. */
  #live: { outcome: Outcome<A>; readonly unsubscribe: () => void } | undefined

  constructor(graph: Graph, query: Query<A>) {
    this.#graph = graph
    this.query = query
  }

  get stamp(): number {
    return this.#stamp
  }
  get outcome(): Outcome<A> | undefined {
    return this.#outcome
  }

  pull(): void {
    const { isSettled, tables, unsettled } = this.#graph
    if (this.#live !== undefined && isSettled) return
    if (this.#tables === tables) return
    // It failed before: it may be live again.
    if (this.#live === undefined && isObserved(this)) return this.activate()
    this.#tables = tables
    if (this.#live !== undefined) unsettled.add(this)
    this.#take(this.#run())
  }

  /** The refresh has ended: the live answer is the one to go by. */
  settle(): void {
    if (this.#live === undefined) return
    this.#take(this.#live.outcome)
  }

  #run(): Outcome<A> {
    try {
      return { isOk: true, value: this.#graph.host.query(this.query) }
    } catch (error) {
      return { isOk: false, error }
    }
  }

  #take(outcome: Outcome<A>): void {
    const before = this.#outcome
    if (before?.isOk === true && outcome.isOk && isSameValue(before.value, outcome.value)) return
    this.#outcome = outcome
    this.#stamp++
    if (before !== undefined) this.#graph.mark(this)
  }

  activate(): void {
    this.#tables = this.#graph.tables
    this.#graph.unsure.delete(this)
    const failure = this.#subscribe()
    if (failure === undefined) return
    this.#graph.unsure.add(this)
    this.#take(failure)
  }

  /** `undefined`: it is live. */
  #subscribe(): Outcome<A> | undefined {
    let first: Outcome<A> | undefined
    try {
      const unsubscribe = this.#graph.host.subscribe(
        this.query,
        (value) => {
          first ??= { isOk: true, value }
          this.#hear({ isOk: true, value })
        },
        (error) => this.#hear({ isOk: false, error }),
      )
      if (first !== undefined) this.#live = { outcome: first, unsubscribe }
      else unsubscribe()
    } catch (error) {
      return { isOk: false, error }
    }
    // Told nothing: running it says why.
    if (first === undefined) return this.#run()
    this.#take(first)
    return undefined
  }

  #hear(outcome: Outcome<A>): void {
    if (this.#live === undefined) return
    this.#live.outcome = outcome
    this.#graph.unsettled.add(this)
    this.#graph.settle()
  }

  deactivate(): void {
    this.#graph.unsure.delete(this)
    this.#graph.unsettled.delete(this)
    // What a live query told is only known to hold of a settled graph: alone it is read again.
    this.#tables = -1
    if (this.#live === undefined) return
    this.#live.unsubscribe()
    this.#live = undefined
  }
}

/** Whether two queries ask the same: of the builder by what they ask, any other only if it is the same object. */
export const isSameQuery = (a: Query<unknown>, b: Query<unknown>): boolean => {
  if (a === b) return true
  if (a.source === undefined || a.source.table !== b.source?.table) return false
  return a.shape === b.shape && a.sql === b.sql && isSameValue(a.params, b.params)
}
