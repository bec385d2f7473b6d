/**
 * The graph of one store: who depends on whom, and what has to be looked at again.
 *
 * Changes are *pushed* as marks only ("may be another one"), answers are *pulled*: by whoever reads, and for subscribers
 * when the graph settles, which is after all live queries have been refreshed. So a computed runs once for any number of
 * changed inputs, and never with one old and one new.
 */
import type { Query } from '../schema/Query.ts'
import type { Listener, Readable } from './Readable.ts'

/** An answer or a failure, kept until an input changes. */
export type Outcome<A> = { readonly isOk: true; readonly value: A } | { readonly isOk: false; readonly error: unknown }

/**
 * A place in the graph: a signal, a query that computeds read, a computed.
 *
 * **Shape**  `stamp` counts the different outcomes so far; whoever depends on a node remembers the stamp it has seen.
 * Observers are computeds that are themselves observed or subscribed to: only those are marked.
 */
export interface ReactiveNode<out A> {
  readonly name: string
  readonly stamp: number
  readonly outcome: Outcome<A> | undefined
  readonly observers: Set<Observer>
  readonly subscriptions: Set<Subscription>
  /** Makes `outcome` and `stamp` those of this moment. Never throws. */
  readonly pull: () => void
  /** Called when the first observer or subscription has come, and when the last has gone. */
  readonly activate: () => void
  readonly deactivate: () => void
}

/** A computed that is told when an input may be another one. */
export interface Observer extends ReactiveNode<unknown> {
  isStale: boolean
}

export interface Subscription {
  readonly node: ReactiveNode<unknown>
  readonly listener: (value: never) => void
  readonly onError: (error: unknown) => void
  /** What was told last, and its stamp. */
  told: Outcome<unknown> | undefined
  stamp: number
  isActive: boolean
}

/** The tables and the store, as far as the graph needs them. */
export interface ReactiveHost {
  readonly query: <A>(query: Query<A>) => A
  /** `onError` is told when the answer cannot be brought up to date; `notify` is when it can again. */
  readonly subscribe: <A>(query: Query<A>, notify: Listener<A>, onError: (error: unknown) => void) => () => void
  /** A listener threw, or a computed failed with nobody to tell. */
  readonly onError: (error: unknown) => void
  /** **Fails with** `StoreClosed`. */
  readonly checkOpen: (operation: string) => void
}

/** What the nodes know of their graph. */
export interface Graph {
  readonly host: ReactiveHost
  /** Number of the present state of tables and signals. */
  readonly moment: number
  /** Number of the present state of the tables. */
  readonly tables: number
  /** No refresh is under way: live queries have heard of everything. */
  readonly isSettled: boolean
  /** Live queries whose answer is to be taken when the refresh has ended. */
  readonly unsettled: Set<{ readonly settle: () => void }>
  /** Observed nodes that no input can tell of a change: they are looked at after any. */
  readonly unsure: Set<ReactiveNode<unknown>>
  /** Computeds that are running, the innermost last. */
  readonly running: Array<ReactiveNode<unknown>>
  /** Tells subscribers, unless somebody is about to. */
  readonly settle: () => void
  readonly mark: (node: ReactiveNode<unknown>) => void
  /** A signal has another value: everybody is told before this returns. */
  readonly changed: (node: ReactiveNode<unknown>) => void
  /** The node of `readable`; of a query one of `known` if it asks the same. **Fails with** `NotOfThisStore`. */
  readonly nodeOf: <A>(readable: Readable<A>, known: ReadonlyArray<ReactiveNode<unknown>>) => ReactiveNode<A>
  /** **Fails with** `ComputedCycle`. */
  readonly checkCycle: (node: ReactiveNode<unknown>) => void
  /** **Fails with** `ChangeInsideComputed`, `StoreClosed`. */
  readonly checkMayChange: (operation: string) => void
  readonly subscribe: <A>(
    node: ReactiveNode<A>,
    listener: Listener<A>,
    onError: ((error: unknown) => void) | undefined,
  ) => () => void
}

export const isObserved = (node: ReactiveNode<unknown>): boolean => node.observers.size + node.subscriptions.size > 0

export const addObserver = (node: ReactiveNode<unknown>, observer: Observer): void => {
  const wasObserved = isObserved(node)
  node.observers.add(observer)
  if (!wasObserved) node.activate()
}

export const removeObserver = (node: ReactiveNode<unknown>, observer: Observer): void => {
  if (node.observers.delete(observer) && !isObserved(node)) node.deactivate()
}

/** The answer. **Fails with** what it failed with. */
export const answerOf = <A>({ name, outcome }: ReactiveNode<A>): A => {
  if (outcome === undefined) throw new TypeError(`${name} has not been pulled`)
  if (outcome.isOk) return outcome.value
  throw outcome.error
}
