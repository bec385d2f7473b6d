import { memoryAdapter } from '@headwater/adapter-node'
import { type Adapter, type SyncBackendProvider, createStore } from '@headwater/core'
import type { LoadWasmSqliteOptions } from '@headwater/sqlite-wasm'
import type { LiveQueries, OpenPeerStore } from '../PeerLoop.ts'
import { todosChecksum } from '../TodoRows.ts'
import { todoCreated, todoSchema, todos } from '../TodoStore.ts'
import { wasmAdapter } from '../WasmAdapter.ts'
import type { Engine } from './CommitWorkload.ts'

/** Ours as the peers are measured: in memory, session and leader in one thread. */
export const openHeadwaterPeer = (engine: Engine, wasm: LoadWasmSqliteOptions = {}): OpenPeerStore =>
  openPeerStore(engine === 'better-sqlite3' ? memoryAdapter : () => wasmAdapter(wasm))

/** A todo store with live queries on any adapter. */
export const openPeerStore =
  (adapter: () => Adapter, backend?: SyncBackendProvider): OpenPeerStore =>
  async ({ count, others }: LiveQueries) => {
    const store = await createStore({
      schema: todoSchema,
      storeId: 'bench',
      adapter: adapter(),
      ...(backend === undefined ? {} : { backend }),
    })
    const open = todos.where({ done: false }).count()
    let live: number | undefined
    if (count) store.subscribe(open, (value) => (live = value))
    for (let other = 0; other < others; other++) store.subscribe(todos.where({ text: `other ${other}` }), () => {})
    return {
      commit: (events) => void store.commit(...events.map((args) => todoCreated(args))),
      settle: async () => {
        await store.until(({ session }) => session.pending === 0)
      },
      checksum: () => {
        const rows = store.query(todos.orderBy('id')).map(({ id, text, done }) => [id, text, Number(done)] as const)
        return todosChecksum(rows, live ?? store.query(open))
      },
      close: () => store.close(),
    }
  }
