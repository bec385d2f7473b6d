import { webAdapter } from '@headwater/adapter-web'
import { httpBackend } from '@headwater/backend-http'
import { createStore, type Store } from '@headwater/core'
import { fetchUnlessOffline, isOffline, onOfflineSwitch } from './OfflineSwitch.ts'
import { schema } from './Todos.ts'

const address = new URLSearchParams(location.search)

/** The list that the address names (`?list=home`), or the one for everybody. */
const storeId = address.get('list') ?? 'todos'

export const openTodos = async (signal: AbortSignal): Promise<Store> => {
  const backend = httpBackend({ url: '/sync', fetch: fetchUnlessOffline })
  const store = await createStore({ schema, storeId, adapter: webAdapter(), backend, signal })
  // Back online: now, not after the next back-off.
  onOfflineSwitch(() => {
    if (!isOffline() && !store.status.isClosed) store.retrySync().catch(() => undefined)
  })
  if (import.meta.env.DEV && address.has('inspect')) await inspect(store)
  return store
}

/** `?inspect` in development: the store's events, heads and rebases, beside the app. */
const inspect = async (store: Store): Promise<void> => {
  const { attachInspector } = await import('@headwater/devtools')
  attachInspector(store, { writable: true })
}
