/** A thread that opens a store, says how many todos it has, closes it, and does nothing else. */
import { parentPort, workerData } from 'node:worker_threads'
import { createStore } from '@headwater/core'
import { nodeAdapter } from '../src/index.ts'
import { schema, todos } from './Todos.ts'

const { directory } = workerData as { readonly directory: string }
const store = await createStore({ schema, storeId: 'demo', adapter: nodeAdapter({ directory }) })
parentPort?.postMessage(store.query(todos.count()))
await store.close()
