import type { Listener, ReadableOptions, Signal } from './Readable.ts'
import type { Graph, Observer, Outcome, ReactiveNode, Subscription } from './ReactiveNode.ts'
import { isSameValue } from './SameValue.ts'

/** A signal in the graph of its store. */
export class SignalNode<in out A> implements ReactiveNode<A>, Signal<A> {
  readonly kind = 'signal'
  readonly name: string
  readonly graph: Graph
  readonly observers = new Set<Observer>()
  readonly subscriptions = new Set<Subscription>()
  readonly #equals: (a: A, b: A) => boolean
  #value: A
  #stamp = 1

  constructor(graph: Graph, initial: A, { name = 'a signal', equals = isSameValue }: ReadableOptions<A>) {
    this.graph = graph
    this.name = name
    this.#equals = equals
    this.#value = initial
  }

  // Arrows, so that they can be passed on without their signal.
  readonly get = (): A => {
    this.graph.host.checkOpen('get')
    return this.#value
  }

  readonly set = (value: A): void => {
    this.graph.checkMayChange('set')
    if (this.#equals(this.#value, value)) return
    this.#value = value
    this.#stamp++
    this.graph.changed(this)
  }

  readonly update = (change: (value: A) => A): void => this.set(change(this.get()))

  readonly subscribe = (listener: Listener<A>): (() => void) => this.graph.subscribe(this, listener, undefined)

  get stamp(): number {
    return this.#stamp
  }
  get outcome(): Outcome<A> {
    return { isOk: true, value: this.#value }
  }

  pull(): void {}
  activate(): void {}
  deactivate(): void {}
}
