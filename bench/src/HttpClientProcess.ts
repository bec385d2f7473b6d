/**
 * One client of the http workload, in a process of its own, driven over IPC: it answers every order with what came of it.
 *
 * **Units**  times are nanoseconds of the machine's monotonic clock, which all processes share.
 */
import { nodeAdapter } from '@headwater/adapter-node'
import { httpBackend } from '@headwater/backend-http'
import { nextTurn } from './Pause.ts'
import { filesChecksum } from './RawLeader.ts'
import { todoArgs, todoRange } from './TodoRows.ts'
import { openTodoStore, todoCreated, todos } from './TodoStore.ts'

export type HttpOrder =
  /** Commits todos in batches; answers with the time before the first commit. */
  | { readonly do: 'pour'; readonly first: number; readonly count: number; readonly batchSize: number }
  /** Commits one; answers with the time before. */
  | { readonly do: 'commit'; readonly index: number }
  /** Answers with the time at which the live count was told that it is `count`. */
  | { readonly do: 'await'; readonly count: number }
  /** Waits until everything is confirmed. */
  | { readonly do: 'settle' }
  /** Closes; answers with the checksums of tables and files. */
  | { readonly do: 'close' }

export interface HttpAnswer {
  readonly atNs: number
  readonly checksum?: string
}

const [url = '', folder = ''] = process.argv.slice(2)
const nowNs = (): number => Number(process.hrtime.bigint())

const { store, checksum } = await openTodoStore(nodeAdapter({ directory: folder }), httpBackend({ url }))
await store.until((status) => status.isSynced)

const counts = { seen: 0, atNs: 0, wanted: Infinity, reached: () => {} }
store.subscribe(todos.where({ done: false }).count(), (count) => {
  counts.seen = count
  counts.atNs = nowNs()
  if (count >= counts.wanted) counts.reached()
})

const orders = {
  pour: async ({ first, count, batchSize }: Extract<HttpOrder, { do: 'pour' }>): Promise<HttpAnswer> => {
    const atNs = nowNs()
    for (let at = first; at < first + count; at += batchSize) {
      store.commit(...todoRange(at, batchSize).map((args) => todoCreated(args)))
      await nextTurn()
    }
    return { atNs }
  },
  commit: ({ index }: Extract<HttpOrder, { do: 'commit' }>): Promise<HttpAnswer> => {
    const atNs = nowNs()
    store.commit(todoCreated(todoArgs(index)))
    return Promise.resolve({ atNs })
  },
  await: async ({ count }: Extract<HttpOrder, { do: 'await' }>): Promise<HttpAnswer> => {
    if (counts.seen < count) {
      await new Promise<void>((resolve) => {
        counts.wanted = count
        counts.reached = resolve
      })
    }
    counts.wanted = Infinity
    return { atNs: counts.atNs }
  },
  settle: async (): Promise<HttpAnswer> => {
    await store.until((status) => status.isSynced)
    return { atNs: nowNs() }
  },
  close: async (): Promise<HttpAnswer> => {
    const tables = checksum()
    await store.close()
    return { atNs: nowNs(), checksum: `${tables}-${filesChecksum(`${folder}/bench`)}` }
  },
}

const obey = (order: HttpOrder): Promise<HttpAnswer> => {
  switch (order.do) {
    case 'pour':
      return orders.pour(order)
    case 'commit':
      return orders.commit(order)
    case 'await':
      return orders.await(order)
    case 'settle':
      return orders.settle()
    case 'close':
      return orders.close()
  }
}

process.on('message', ({ n, order }: { readonly n: number; readonly order: HttpOrder }) => {
  void obey(order).then((answer) => {
    process.send?.({ n, answer })
    if (order.do === 'close') process.disconnect()
  })
})
process.send?.({ n: 0, answer: { atNs: nowNs() } })
