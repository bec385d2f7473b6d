import type { Query } from '../schema/Query.ts'

/**
 * State of one store object that is in no event and no table: a selection, a filter, a draft. Made by `store.signal`.
 *
 * **Fails with**  every method throws `StoreClosed` once the store is closed.
 */
export interface Signal<in out A> {
  readonly kind: 'signal'
  readonly get: () => A
  /** Whoever depends on it has been told when this returns. **Fails with** `ChangeInsideComputed`. */
  readonly set: (value: A) => void
  /** `set` from the present value. */
  readonly update: (change: (value: A) => A) => void
  /** As `store.subscribe`. */
  readonly subscribe: (listener: Listener<A>) => () => void
}

/**
 * An answer made from other answers. Made by `store.computed`.
 *
 * It runs when somebody needs it and an input that its last run has read is another one: once, however many inputs have
 * changed. All inputs of a run are of one moment. What it throws is thrown to whoever reads it.
 */
export interface Computed<out A> {
  readonly kind: 'computed'
  /** **Fails with** what it throws, `ComputedCycle`, `StoreClosed`. */
  readonly get: () => A
  /** As `store.subscribe`. */
  readonly subscribe: (listener: Listener<A>, options?: SubscribeOptions) => () => void
}

/** Everything that has an answer now and can be subscribed to: a query, a signal, a computed. */
export type Readable<A> = Query<A> | Signal<A> | Computed<A>

/** What a readable answers. */
export type ReadableValue<R> =
  R extends Query<infer A> ? A : R extends Signal<infer A> ? A : R extends Computed<infer A> ? A : never

/** Reads one input of a computed and makes it a dependency of this run. **Fails with** what it fails with. */
export type Read = <A>(readable: Readable<A>) => A

export interface ReadableOptions<in A> {
  /** For error messages. */
  readonly name?: string
  /** Whether an answer is the one before, so that nobody is told. Default: by contents, as `isSameValue`. */
  readonly equals?: (a: A, b: A) => boolean
}

export interface SubscribeOptions {
  /**
   * Called with what the answer failed with; `listener` hears of the next one. Default: logged. The first answer of a
   * query throws all the same, that of a computed only without `onError`.
   */
  readonly onError?: (error: unknown) => void
}

/** Told of the answer now and whenever it differs. */
export type Listener<in A> = (value: A) => void
