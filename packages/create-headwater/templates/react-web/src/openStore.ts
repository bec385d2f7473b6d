import { webAdapter } from '@headwater/adapter-web'
import { httpBackend } from '@headwater/backend-http'
import { createStore, type Store } from '@headwater/core'
import { schema } from './schema.ts'

/** The list that the address names (`?list=home`), or the one for everybody. */
const storeId = new URLSearchParams(location.search).get('list') ?? 'todos'

/** Opens what this browser has, whether the server can be reached or not. */
export const openStore = (signal: AbortSignal): Promise<Store> =>
  createStore({ schema, storeId, adapter: webAdapter(), backend: httpBackend({ url: '/sync' }), signal })
