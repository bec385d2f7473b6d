import { webAdapter } from '@headwater/adapter-web'
import { httpBackend } from '@headwater/backend-http'
import { createStore, type Store } from '@headwater/core'
import { fetchUnlessOffline, isOffline, onOfflineSwitch } from './OfflineSwitch.ts'
import { schema } from './Todos.ts'

/** The list that the address names (`?list=home`), or the one for everybody. */
const storeId = new URLSearchParams(location.search).get('list') ?? 'todos'

export const openTodos = async (signal: AbortSignal): Promise<Store> => {
  const backend = httpBackend({ url: '/sync', fetch: fetchUnlessOffline })
  const store = await createStore({ schema, storeId, adapter: webAdapter(), backend, signal })
  // Back online: now, not after the next back-off.
  onOfflineSwitch(() => {
    if (!isOffline() && !store.status.isClosed) store.retrySync().catch(() => undefined)
  })
  return store
}
