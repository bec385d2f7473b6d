/**
 * The store as an Effect service, for apps that are built of layers. Everything else of the store is used as it is:
 * `commit` and `query` are synchronous, and a promise is an `Effect.promise` away.
 */
import * as Context from 'effect/Context'
import * as Effect from 'effect/Effect'
import * as Layer from 'effect/Layer'
import type * as Scope from 'effect/Scope'
import type { Store } from './Store.ts'
import { createStore, type StoreOptions } from './createStore.ts'
import { StoreNotOpened } from './StoreError.ts'

/** **Example** `const store = yield* StoreService` */
export class StoreService extends Context.Service<StoreService, Store>()('@headwater/core/store/StoreService') {}

/**
 * Opens a store and closes it with the scope: what was committed is persisted before the scope is left.
 *
 * **Fails with**  `StoreNotOpened`, whose `cause` is what `createStore` fails with.
 */
export const makeStore = (options: Omit<StoreOptions, 'signal'>): Effect.Effect<Store, StoreNotOpened, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: (signal) => createStore({ ...options, signal }),
      catch: (cause) => new StoreNotOpened({ storeId: options.storeId, cause }),
    }),
    (store) => Effect.promise(() => store.close()),
  )

/** The service, for as long as the layer lives. **Fails with** as {@link makeStore}. */
export const storeLayer = (options: Omit<StoreOptions, 'signal'>): Layer.Layer<StoreService, StoreNotOpened> =>
  Layer.effect(StoreService, makeStore(options))
