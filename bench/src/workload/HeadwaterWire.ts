import { setTimeout as sleep } from 'node:timers/promises'
import { memoryAdapter } from '@headwater/adapter-node'
import { httpBackend } from '@headwater/backend-http'
import { startServer } from '@headwater/server'
import { type CountingProxy, type WireCount, startCountingProxy, wireBetween } from '../CountingProxy.ts'
import { withScratchFolder } from '../ScratchFolder.ts'
import { todoArgs } from '../TodoRows.ts'
import { type TodoStore, openTodoStore, todoCreated } from '../TodoStore.ts'
import type { Measurement } from '../Workload.ts'

/** A tenth of the real ones: what is said in ten seconds of silence is said in one. */
const [heartbeatMs, idleMs] = [1_500, 1_000]
/** After a scenario: whatever follows by itself has been said. */
const restMs = 100
const batchCount = 100
const pullCount = 1_000

/** Real server, real client, a proxy that counts between them. **Shape** figures `<scenario>Requests`, `<scenario>Bytes`. */
export const measureWire = (): Promise<Measurement> =>
  withScratchFolder(async (folder) => {
    const server = await startServer({ data: folder, port: 0, heartbeatMs })
    const proxy = await startCountingProxy(server.url)
    const figures: Record<string, number> = {}
    const counted = async <A>(scenario: string, run: () => Promise<A>): Promise<A> => {
      const before = proxy.count()
      const result = await run()
      await sleep(restMs)
      note(figures, scenario, wireBetween(before, proxy.count()))
      return result
    }
    const a = await counted('open', async () => {
      const opened = await openSynced(proxy)
      await sleep(idleMs)
      return opened
    })
    await counted('commit', () => commitSynced(a, 0, 1))
    await counted('batch', () => commitSynced(a, 1, batchCount))
    await commitSynced(a, 1 + batchCount, pullCount - batchCount - 1)
    const b = await counted('pull', () => openSynced(proxy))
    const [ofA, ofB] = [a.checksum(), b.checksum()]
    await Promise.all([a.store.close(), b.store.close()])
    await proxy.close()
    await server.close()
    if (ofA !== ofB) throw new Error(`A stored ${ofA}, B stored ${ofB}`)
    return { figures, checksum: ofA }
  })

const note = (figures: Record<string, number>, scenario: string, { requests, bytes }: WireCount): void => {
  figures[`${scenario}Requests`] = requests
  figures[`${scenario}Bytes`] = bytes
}

const openSynced = async (proxy: CountingProxy): Promise<TodoStore> => {
  const opened = await openTodoStore(memoryAdapter(), httpBackend({ url: proxy.url, heartbeat: heartbeatMs }))
  await opened.store.until(({ isSynced }) => isSynced)
  return opened
}

/** Commits of one event each, in one task. */
const commitSynced = async ({ store }: TodoStore, first: number, count: number): Promise<void> => {
  for (let index = first; index < first + count; index++) store.commit(todoCreated(todoArgs(index)))
  await store.until(({ isSynced }) => isSynced)
}
