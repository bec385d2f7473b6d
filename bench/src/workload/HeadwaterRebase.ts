import { heldBackend } from '../HeldBackend.ts'
import type { OpenRebaseStore } from '../RebaseLoop.ts'
import type { StorePlace } from '../StorePlace.ts'
import { openTodoStore, todoCreated, todos } from '../TodoStore.ts'

/** Looks at the state of a store that is open, from outside. */
export interface StateWatch {
  /** Resolves when the state has the event at `global`. */
  readonly reached: (global: number) => Promise<void>
  readonly close: () => void
}

/** `watchState` is called when the store is open; without it nobody knows when everything is stored. */
export const openHeadwaterRebase =
  ({ adapter, storedChecksum }: StorePlace, watchState?: () => StateWatch): OpenRebaseStore =>
  async () => {
    const backend = heldBackend()
    const { store, checksum } = await openTodoStore(adapter, backend.provider)
    await store.until(({ isSynced }) => isSynced)
    const state = watchState?.()
    let [wanted, reached] = [-1, (): void => undefined]
    store.subscribe(todos.where({ done: false }).count(), (count) => {
      if (count === wanted) reached()
    })
    let total = 0
    return {
      pend: (events) => {
        total += events.length
        return store.commit(...events.map((args) => todoCreated(args))).persisted
      },
      rebaseOver: async (upstream) => {
        total += upstream.length
        const start = performance.now()
        const isShown = new Promise<void>((resolve) => ([wanted, reached] = [total, resolve]))
        backend.deliver('todoCreated', upstream)
        await isShown
        const shown = performance.now() - start
        if (state === undefined) return { shown }
        await state.reached(total)
        return { shown, stored: performance.now() - start }
      },
      settle: async () => {
        backend.release()
        await store.until(({ isSynced }) => isSynced)
        backend.hold()
      },
      checksum,
      close: async () => {
        state?.close()
        await store.close()
        return storedChecksum()
      },
    }
  }
