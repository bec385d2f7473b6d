import type { Query } from '../schema/Query.ts'
import { ComputedNode } from './ComputedNode.ts'
import { isSameQuery, QueryNode } from './QueryNode.ts'
import { ChangeInsideComputed, ComputedCycle, NotOfThisStore } from './ReactiveError.ts'
import {
  type Graph,
  isObserved,
  type Outcome,
  type ReactiveHost,
  type ReactiveNode,
  type Subscription,
} from './ReactiveNode.ts'
import type { Computed, Listener, Read, Readable, ReadableOptions, Signal } from './Readable.ts'
import { isSameValue } from './SameValue.ts'
import { SignalNode } from './SignalNode.ts'

/**
 * Signals and computeds of one store object; see `ReactiveNode.ts` for how they hear of changes.
 *
 * The store calls `refresh` around every refresh of its live queries, also one inside another.
 */
export class ReactiveGraph implements Graph {
  readonly host: ReactiveHost
  readonly unsettled = new Set<{ readonly settle: () => void }>()
  readonly unsure = new Set<ReactiveNode<unknown>>()
  readonly running: Array<ReactiveNode<unknown>> = []
  readonly #queries = new WeakMap<Query<unknown>, QueryNode<unknown>>()
  readonly #subscriptions = new Set<Subscription>()
  /** Subscriptions of nodes that may be other ones. */
  readonly #queue = new Set<Subscription>()
  moment = 0
  tables = 0
  /** Refreshes that are under way, one inside the other. */
  #depth = 0
  #isTelling = false

  constructor(host: ReactiveHost) {
    this.host = host
  }

  signal<A>(initial: A, options: ReadableOptions<A>): Signal<A> {
    return new SignalNode(this, initial, options)
  }

  computed<A>(compute: (read: Read) => A, options: ReadableOptions<A>): Computed<A> {
    return new ComputedNode(this, compute, options)
  }

  get isSettled(): boolean {
    return this.#depth === 0
  }

  /** The tables have changed; `refreshLive` tells all live queries. */
  refresh(refreshLive: () => void): void {
    this.moment++
    this.tables++
    this.#markUnsure()
    this.around(refreshLive)
  }

  /** `tellLive` tells live queries, which may go on until it returns. */
  around<R>(tellLive: () => R): R {
    this.#depth++
    try {
      return tellLive()
    } finally {
      this.#depth--
      this.settle()
    }
  }

  changed(node: ReactiveNode<unknown>): void {
    this.moment++
    this.#markUnsure()
    this.mark(node)
    this.settle()
  }

  #markUnsure(): void {
    for (const node of this.unsure) {
      if ('isStale' in node) node.isStale = true
      this.mark(node)
    }
  }

  mark(node: ReactiveNode<unknown>): void {
    for (const subscription of node.subscriptions) this.#queue.add(subscription)
    for (const observer of node.observers) {
      if (observer.isStale) continue
      observer.isStale = true
      this.mark(observer)
    }
  }

  /** Tells subscribers. What they change themselves is told of behind them, by the call that tells them. */
  settle(): void {
    if (this.#depth > 0 || this.running.length > 0) return
    for (const node of this.unsettled) {
      this.unsettled.delete(node)
      node.settle()
    }
    if (this.#isTelling) return
    this.#isTelling = true
    try {
      for (const subscription of this.#queue) {
        this.#queue.delete(subscription)
        this.#tell(subscription)
      }
    } finally {
      this.#isTelling = false
    }
  }

  #tell(subscription: Subscription): void {
    const { node, stamp, told } = subscription
    if (!subscription.isActive) return
    node.pull()
    if (node.stamp === stamp) return
    const { outcome } = node
    subscription.stamp = node.stamp
    subscription.told = outcome
    // Several steps further it may be back where it was.
    if (outcome === undefined || (node.stamp !== stamp + 1 && isSameOutcome(told, outcome))) return
    this.#deliver(subscription, outcome)
  }

  #deliver({ listener, onError }: Subscription, outcome: Outcome<unknown>): void {
    try {
      if (outcome.isOk) listener(outcome.value as never)
      else onError(outcome.error)
    } catch (error) {
      this.host.onError(error)
    }
  }

  /** Calls `listener` at once and whenever the answer differs. **Fails with** `StoreClosed`; without `onError` what a first answer fails with. */
  subscribe<A>(
    node: ReactiveNode<A>,
    listener: Listener<A>,
    onError: ((error: unknown) => void) | undefined,
  ): () => void {
    this.host.checkOpen('subscribe')
    const wasObserved = isObserved(node)
    const subscription: Subscription = {
      node,
      listener,
      onError: onError ?? this.host.onError,
      told: undefined,
      stamp: 0,
      isActive: true,
    }
    node.subscriptions.add(subscription)
    this.#subscriptions.add(subscription)
    if (!wasObserved) node.activate()
    node.pull()
    subscription.stamp = node.stamp
    subscription.told = node.outcome
    const end = (): void => this.#unsubscribe(subscription)
    const { outcome } = node
    if (outcome?.isOk === false && onError === undefined) {
      end()
      throw outcome.error
    }
    if (outcome !== undefined) this.#deliver(subscription, outcome)
    return end
  }

  #unsubscribe(subscription: Subscription): void {
    if (!subscription.isActive) return
    subscription.isActive = false
    const { node } = subscription
    this.#subscriptions.delete(subscription)
    this.#queue.delete(subscription)
    node.subscriptions.delete(subscription)
    if (!isObserved(node)) node.deactivate()
  }

  /** The node of something that is no query by itself. **Fails with** `NotOfThisStore`. */
  ownNodeOf<A>(readable: Signal<A> | Computed<A>): ReactiveNode<A> {
    if (readable instanceof SignalNode || readable instanceof ComputedNode) {
      if (readable.graph === this) return readable as ReactiveNode<A>
      throw new NotOfThisStore({ name: readable.name })
    }
    throw new NotOfThisStore({ name: 'what is no query, signal or computed' })
  }

  nodeOf<A>(readable: Readable<A>, known: ReadonlyArray<ReactiveNode<unknown>>): ReactiveNode<A> {
    if (readable.kind !== 'query') return this.ownNodeOf(readable)
    const same = known.find((node) => node instanceof QueryNode && isSameQuery(node.query, readable))
    const node = same ?? this.#queries.get(readable) ?? new QueryNode(this, readable)
    if (same === undefined) this.#queries.set(readable, node as QueryNode<unknown>)
    return node as ReactiveNode<A>
  }

  checkCycle(node: ReactiveNode<unknown>): void {
    const start = this.running.indexOf(node)
    if (start < 0) return
    throw new ComputedCycle({ path: [...this.running.slice(start), node].map(({ name }) => name) })
  }

  checkMayChange(operation: string): void {
    this.host.checkOpen(operation)
    const computed = this.running.at(-1)
    if (computed !== undefined) throw new ChangeInsideComputed({ operation, computed: computed.name })
  }

  /** Nobody hears of anything any more. */
  close(): void {
    for (const subscription of this.#subscriptions) subscription.isActive = false
    this.#subscriptions.clear()
    this.#queue.clear()
  }
}

const isSameOutcome = (a: Outcome<unknown> | undefined, b: Outcome<unknown>): boolean =>
  a?.isOk === true && b.isOk && isSameValue(a.value, b.value)
