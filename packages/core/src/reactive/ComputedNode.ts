import { ComputedCycle, ReadOutsideComputed } from './ReactiveError.ts'
import {
  addObserver,
  answerOf,
  type Graph,
  isObserved,
  type Observer,
  type Outcome,
  type ReactiveNode,
  removeObserver,
  type Subscription,
} from './ReactiveNode.ts'
import type { Computed, Listener, Read, ReadableOptions, SubscribeOptions } from './Readable.ts'
import { isSameValue } from './SameValue.ts'

/** Inputs of a run in the order in which they were first read, with the stamps of the outcomes that were read. */
type Inputs = Map<ReactiveNode<unknown>, number>

/** A computed in the graph of its store. */
export class ComputedNode<out A> implements Observer, Computed<A> {
  readonly kind = 'computed'
  readonly name: string
  readonly graph: Graph
  readonly observers = new Set<Observer>()
  readonly subscriptions = new Set<Subscription>()
  /** While it is observed: an input may be another one. */
  isStale = true
  readonly #compute: (read: Read) => A
  readonly #equals: (a: never, b: never) => boolean
  #inputs: Inputs = new Map()
  #outcome: Outcome<A> | undefined
  #stamp = 0
  /** The moment at which the outcome was last known to hold. */
  #verified = -1
  /** It met its own cycle, whose members are no inputs: only another run can tell whether there still is one. */
  #isCyclic = false

  constructor(
    graph: Graph,
    compute: (read: Read) => A,
    { name = 'a computed', equals = isSameValue }: ReadableOptions<A>,
  ) {
    this.graph = graph
    this.name = name
    this.#compute = compute
    this.#equals = equals
  }

  // Arrows, so that they can be passed on without their computed.
  readonly get = (): A => {
    this.graph.host.checkOpen('get')
    this.graph.checkCycle(this)
    this.pull()
    return answerOf<A>(this)
  }

  readonly subscribe = (listener: Listener<A>, { onError }: SubscribeOptions = {}): (() => void) =>
    this.graph.subscribe<A>(this, listener, onError)

  get stamp(): number {
    return this.#stamp
  }
  get outcome(): Outcome<A> | undefined {
    return this.#outcome
  }

  pull(): void {
    if (this.#isCurrent()) return
    if (this.#outcome === undefined || this.#isCyclic || this.#hasNewInput()) this.#run()
    this.isStale = false
    this.#verified = this.graph.moment
  }

  #isCurrent(): boolean {
    if (this.#outcome === undefined) return false
    if (this.#verified === this.graph.moment) return true
    return !this.isStale && this.graph.isSettled && isObserved(this)
  }

  /** In the order in which they were read: a later input may only be wanted because of an earlier one. */
  #hasNewInput(): boolean {
    for (const [node, stamp] of this.#inputs) {
      node.pull()
      if (node.stamp !== stamp) return true
    }
    return false
  }

  #run(): void {
    const before = this.#outcome
    const inputsBefore = this.#inputs
    const inputs: Inputs = new Map()
    this.#isCyclic = false
    const outcome = this.#evaluate(inputs, [...inputsBefore.keys()])
    this.#inputs = inputs
    for (const node of inputsBefore.keys()) if (!inputs.has(node)) removeObserver(node, this)
    if (this.#isCyclic && isObserved(this)) this.graph.unsure.add(this)
    else this.graph.unsure.delete(this)
    if (before !== undefined && this.#isSame(before, outcome)) return
    this.#outcome = outcome
    this.#stamp++
    if (before !== undefined) this.graph.mark(this)
  }

  #evaluate(inputs: Inputs, known: ReadonlyArray<ReactiveNode<unknown>>): Outcome<A> {
    let isRunning = true
    const read: Read = (readable) => {
      if (!isRunning) throw new ReadOutsideComputed({ computed: this.name })
      return this.#read(this.graph.nodeOf(readable, known), inputs)
    }
    this.graph.running.push(this)
    try {
      return { isOk: true, value: this.#compute(read) }
    } catch (error) {
      return { isOk: false, error }
    } finally {
      isRunning = false
      this.graph.running.pop()
    }
  }

  #read<B>(node: ReactiveNode<B>, inputs: Inputs): B {
    try {
      this.graph.checkCycle(node)
      // Before it is pulled: a query is run once then, as a live one.
      if (isObserved(this)) addObserver(node, this)
      node.pull()
      if (!inputs.has(node)) inputs.set(node, node.stamp)
      return answerOf(node)
    } catch (error) {
      if (error instanceof ComputedCycle) this.#isCyclic = true
      throw error
    }
  }

  #isSame(a: Outcome<A>, b: Outcome<A>): boolean {
    if (a.isOk && b.isOk) return this.#equals(a.value as never, b.value as never)
    return !a.isOk && !b.isOk && Object.is(a.error, b.error)
  }

  activate(): void {
    this.isStale = true
    this.#verified = -1
    if (this.#isCyclic) this.graph.unsure.add(this)
    for (const node of this.#inputs.keys()) addObserver(node, this)
  }

  deactivate(): void {
    this.graph.unsure.delete(this)
    for (const node of this.#inputs.keys()) removeObserver(node, this)
  }
}
