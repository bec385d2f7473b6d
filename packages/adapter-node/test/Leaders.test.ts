/** Who leads a store: threads that end, processes that compete, leaders that hang. */
import { Worker, postMessageToThread } from 'node:worker_threads'
import type { Store } from '@headwater/core'
import { describe, expect, test } from 'vitest'
import { LeaderLine } from '../src/LeaderLine.ts'
import { storeFiles } from '../src/StoreFiles.ts'
import { currentHolder } from '../src/StoreLock.ts'
import { type Actor, ActorError, actorProcess, actorThread } from './Actor.ts'
import { afterThis, openStore, temporaryFolder } from './Folder.ts'
import { todoCreated, todos } from './Todos.ts'

const ids = (store: Store): ReadonlyArray<string> => store.query(todos.orderBy('id')).map(({ id }) => id)

const thread = (): Actor => {
  const actor = actorThread()
  afterThis(() => actor.kill())
  return actor
}

const process_ = (): Actor => {
  const actor = actorProcess()
  afterThis(() => actor.kill())
  return actor
}

const failureOf = async (promise: Promise<unknown>): Promise<ActorError['failure']> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof ActorError) return error.failure
  throw new Error(`expected an ActorError, got ${String(error)}`)
}

describe('threads of one process', { timeout: 60_000 }, () => {
  for (const leader of ['worker', 'same-thread'] as const) {
    test(`${leader}: a thread whose session is closed ends by itself, the one that started the leader as the last`, async () => {
      const directory = temporaryFolder()
      const [owner, other] = [thread(), thread()]
      await owner.call('open', { directory, leader, storeId: 'demo' })
      await other.call('open', { directory, leader, storeId: 'demo' })
      for (const actor of [other, owner]) {
        await actor.call('commit', [actor === owner ? 'owner' : 'other'])
        await actor.call('close', null)
        expect(await actor.ended).toBe(0)
      }
      expect(ids(await openStore({ directory, leader }))).toEqual(['other', 'owner'])
    })
  }

  test('threads that have nothing else to wait for live until their store is open', async () => {
    const directory = temporaryFolder()
    const store = await openStore({ directory })
    await store.commit(todoCreated({ id: '1', text: '' })).persisted
    const ends = Array.from({ length: 3 }, async () => {
      const worker = new Worker(new URL('./OpenAlone.ts', import.meta.url), { workerData: { directory }, stderr: true })
      const said: Array<unknown> = []
      worker.on('message', (message) => said.push(message))
      const code = await new Promise<number>((resolve) => worker.once('exit', resolve))
      return [code, ...said]
    })
    expect(await Promise.all(ends)).toEqual(ends.map(() => [0, 1]))
  })

  test('a session of another thread than the one that started a hanging leader reports it and goes on in memory', async () => {
    const directory = temporaryFolder()
    const owner = thread()
    // The owner never notices: its heartbeat is an hour.
    await owner.call('open', { directory, storeId: 'demo', heartbeatMs: 3_600_000, workerUrl: workerUrl.href })
    const messages: Array<string> = []
    const store = await openStore({ directory, heartbeatMs: 60, log: (entry) => messages.push(entry.message) })
    await store.commit(todoCreated({ id: '1', text: '' })).persisted
    hang(directory)
    store.commit(todoCreated({ id: '2', text: '' }))
    await store.until(({ leader }) => leader.connection === 'lost')
    expect(messages.join('\n')).toContain('does not answer')
    store.commit(todoCreated({ id: '3', text: '' }))
    expect(ids(store)).toEqual(['1', '2', '3'])
    // The owner's end frees the store.
    await owner.kill()
    await store.until(({ leader, session }) => leader.term === 2 && session.pending === 0)
  })

  test('a port that nobody listens to does not hold up a session', async () => {
    const { port1 } = new MessageChannel() as unknown as { readonly port1: ConstructorParameters<typeof LeaderLine>[0] }
    const line = new LeaderLine(port1)
    const closed = line.leave()
    line.close()
    expect(await closed).toBe(true)
  })
})

const workerUrl = new URL('./HangingWorker.ts', import.meta.url)

/** Makes the thread that leads hang in an endless loop. */
const hang = (directory: string): void => {
  const holder = currentHolder(storeFiles(directory, 'demo'))
  // Would be answered when the loop is over.
  postMessageToThread(holder!.threadId, 'hang').catch(() => undefined)
}

describe('processes', { timeout: 30_000 }, () => {
  test('a second process is StoreLocked, named by pid; the first does not notice; free again after close', async () => {
    const directory = temporaryFolder()
    const [first, second] = [process_(), process_()]
    await first.call('open', { directory, storeId: 'demo' })
    const failure = await failureOf(second.call('open', { directory, storeId: 'demo' }))
    expect(failure).toMatchObject({ tag: 'StoreLocked', holderPid: first.pid })
    expect(failure.message).toContain(`process ${first.pid}`)
    await first.call('commit', ['1'])
    await second.call('open', { directory, storeId: 'other' })
    await first.call('close', null)
    expect(await first.ended).toBe(0)
    const third = process_()
    await third.call('open', { directory, storeId: 'demo' })
    expect(await third.call('ids', null)).toEqual(['1'])
  })

  test('a process that was killed leaves no lock behind', async () => {
    const directory = temporaryFolder()
    const first = process_()
    await first.call('open', { directory, storeId: 'demo' })
    await first.call('commit', ['1'])
    await first.kill()
    expect(ids(await openStore({ directory }))).toEqual(['1'])
  })

  test('waitForLock waits until the other process lets go, and goes on', async () => {
    const directory = temporaryFolder()
    const [first, second] = [process_(), process_()]
    await first.call('open', { directory, storeId: 'demo', leader: 'same-thread' })
    await first.call('commit', ['1'])
    let isOpen = false
    const opening = second.call('open', { directory, storeId: 'demo', waitForLock: true }).then(() => (isOpen = true))
    await first.call('commit', ['2'])
    expect(isOpen).toBe(false)
    await first.call('close', null)
    await opening
    expect(await second.call('ids', null)).toEqual(['1', '2'])
  })

  test('waitForLock ends with its AbortSignal', async () => {
    const directory = temporaryFolder()
    const first = process_()
    await first.call('open', { directory, storeId: 'demo' })
    const controller = new AbortController()
    const opening = openStore({ directory, waitForLock: true, signal: controller.signal })
    const timer = setTimeout(() => controller.abort(new Error('waited enough')), 200)
    await expect(opening).rejects.toThrow('waited enough')
    clearTimeout(timer)
    await first.call('commit', ['still leads'])
  })

  test('of processes that start at the same moment exactly one leads', async () => {
    const directory = temporaryFolder()
    const actors = Array.from({ length: 4 }, process_)
    const results = await Promise.allSettled(actors.map((actor) => actor.call('open', { directory, storeId: 'demo' })))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const winner = actors[results.findIndex(({ status }) => status === 'fulfilled')]!
    for (const [i, result] of results.entries()) {
      if (result.status === 'fulfilled') continue
      expect((result.reason as ActorError).failure).toMatchObject({ tag: 'StoreLocked', holderPid: winner.pid })
      expect(actors[i]).not.toBe(winner)
    }
  })

  test('a process ends by itself once its stores are closed, also with the leader in the same thread', async () => {
    for (const leader of ['worker', 'same-thread'] as const) {
      const actor = process_()
      await actor.call('open', { directory: temporaryFolder(), storeId: 'demo', leader })
      await actor.call('commit', ['1'])
      await actor.call('close', null)
      expect(await actor.ended).toBe(0)
    }
  })
})
