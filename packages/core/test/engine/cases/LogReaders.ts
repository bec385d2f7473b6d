/** Spec section 8: `events()`, export and import, statuses, logs, and what a commit costs. */
import { describe, expect, vi } from 'vitest'
import { memoryAdapter } from '../../../../adapter-node/src/MemoryAdapter.ts'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { Unavailable } from '../../../src/backend.ts'
import { createStore, importStore, InvalidPosition, type LogStep, type Store } from '../../../src/index.ts'
import { PendingEvents } from '../../../src/sync/PendingEvents.ts'
import { engineCase } from '../Case.ts'
import { draftSaved, draftsShown, schema, shown, todoCreated, todos, untilSynced } from '../Todos.ts'

/** The ids in the log according to the steps so far. */
const fold = (steps: ReadonlyArray<LogStep>): ReadonlyArray<string> => {
  let log: ReadonlyArray<Extract<LogStep, { readonly _tag: 'append' }>['event']> = []
  for (const step of steps) {
    if (step._tag === 'append') log = [...log, step.event]
    else
      log = log.filter(
        ({ position: { global, client } }) =>
          global < step.to.global || (global === step.to.global && client <= step.to.client),
      )
  }
  return log.map(({ args }) => (args as { readonly id: string }).id)
}

/** Reads steps until `isDone` says so of the ids in the log. */
const foldUntil = async (
  store: Store,
  isDone: (ids: ReadonlyArray<string>) => boolean,
): Promise<ReadonlyArray<LogStep>> => {
  const steps: Array<LogStep> = []
  for await (const step of store.events({ pending: true })) {
    steps.push(step)
    if (isDone(fold(steps))) break
  }
  return steps
}

describe('events()', () => {
  engineCase('gives settled events, each once, in order, and goes on', async ({ client }) => {
    const backend = memoryBackend({ syncMetadataJson: ({ clientId }) => JSON.stringify({ author: clientId.length }) })
    const store = await client({ backend }).open()
    store.commit(
      todoCreated({ id: '1', text: 'a' }),
      draftSaved({ id: 'd', text: 'x' }),
      todoCreated({ id: '2', text: 'b' }),
    )
    const seen: Array<string> = []
    for await (const { position, args, syncMetadata } of store.events()) {
      seen.push(`${position.global}.${position.client} ${(args as { id: string }).id} ${JSON.stringify(syncMetadata)}`)
      if (seen.length === 3) store.commit(todoCreated({ id: '3', text: 'c' }))
      if (seen.length === 4) break
    }
    expect(seen).toEqual(['1.0 1 {"author":36}', '1.1 d null', '2.0 2 {"author":36}', '3.0 3 {"author":36}'])
  })

  engineCase('starts behind a position, and refuses what is none', async ({ client }) => {
    const store = await client({ backend: memoryBackend() }).open()
    for (const id of ['1', '2', '3']) store.commit(todoCreated({ id, text: 'a' }))
    await untilSynced(store, 3)
    const { value } = await store.events({ after: 'e2' }).next()
    expect(value).toMatchObject({ position: { global: 3 } })
    expect(() => store.events({ after: '2' })).toThrow(InvalidPosition)
  })

  engineCase('with pending: folding the appends and rollbacks gives the log at every moment', async ({ client }) => {
    const backend = memoryBackend()
    const [a, b] = [await client({ backend }).open(), await client({ backend }).open()]
    const reading = foldUntil(a, (ids) => ids.at(-1) === 'last')
    for (let i = 0; i < 5; i++) {
      const gate = backend.hold('push')
      await a.commit(todoCreated({ id: `a${i}`, text: 'a' })).persisted
      backend.failNext('push', new Unavailable({ detail: 'only for the first' }))
      b.commit(todoCreated({ id: `b${i}`, text: 'b' }))
      gate.release()
      await untilSynced(a, 2 * i + 2)
    }
    a.commit(todoCreated({ id: 'last', text: 'z' }))
    const steps = await reading
    await untilSynced(a, 11)
    expect(fold(steps)).toEqual(backend.log('demo').map(({ argsJson }) => (JSON.parse(argsJson) as { id: string }).id))
    expect(steps.some(({ _tag }) => _tag === 'rollback')).toBe(true)
  })

  engineCase(
    'with pending: gives more unsettled events than one read of the log has, and takes back only what a rebase moved',
    async ({ client }) => {
      const backend = memoryBackend()
      const [a, b] = [await client({ backend }).open(), await client({ backend }).open()]
      await untilSynced(a, 0)
      const gate = backend.hold('push')
      for (let i = 0; i < 1600; i++) a.commit(todoCreated({ id: `a${i}`, text: 'a' }))
      await a.until(({ session }) => session.pending === 0)
      const steps = a.events({ pending: true })
      const seen = { appends: 0, rollbacks: 0, last: 0 }
      const readUntil = async (appends: number): Promise<void> => {
        while (seen.appends < appends) {
          const { value } = await steps.next()
          if (value?._tag === 'append') seen.last = value.event.position.global
          seen[value?._tag === 'append' ? 'appends' : 'rollbacks']++
        }
      }
      await readUntil(1600)
      expect(seen).toEqual({ appends: 1600, rollbacks: 0, last: 1600 })
      a.commit(todoCreated({ id: 'more', text: 'a' }))
      await readUntil(1601)
      expect(seen).toEqual({ appends: 1601, rollbacks: 0, last: 1601 })
      backend.failNext('push', new Unavailable({ detail: 'only for the first' }))
      b.commit(todoCreated({ id: 'b', text: 'b' }))
      gate.release()
      await readUntil(1601 + 1602)
      expect(seen).toEqual({ appends: 3203, rollbacks: 1, last: 1602 })
    },
  )

  engineCase(
    'with pending: in another attachment nothing is settled, and all of it comes again',
    async ({ client }) => {
      const device = client()
      const local = await device.open()
      await local.commit(todoCreated({ id: '1', text: 'a' })).persisted
      const steps = local.events({ pending: true })
      expect((await steps.next()).value).toMatchObject({ _tag: 'append', isSettled: true })
      const next = steps.next()
      const backend = memoryBackend()
      await client({ backend })
        .open()
        .then((other) => other.commit(todoCreated({ id: '0', text: 'b' })).confirmed)
      await untilSynced(await device.open({ backend }), 2)
      expect((await next).value).toMatchObject({ _tag: 'rollback', to: { global: 0 } })
      const ids: Array<string> = []
      for await (const step of steps) {
        if (step._tag === 'rollback') ids.length = 0
        else ids.push((step.event.args as { readonly id: string }).id)
        if (ids.length === 2) break
      }
      expect(ids).toEqual(['0', '1'])
    },
  )

  engineCase('readers that are left behind raise no unhandled rejection', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const store = await device.open()
    const settled = store.events()
    store.commit(todoCreated({ id: '1', text: 'a' }))
    await settled.next()
    const waiting = settled.next().catch((error: unknown) => String(error))
    await untilSynced(store, 1)
    await device.close(store)
    expect(await waiting).toContain('closed')
  })
})

describe('a store as a file', () => {
  engineCase('export, then import: the same log, client-only events and dead letters included', async ({ client }) => {
    const backend = memoryBackend()
    backend.setValidator(({ argsJson }) => (argsJson.includes('spam') ? 'no' : undefined))
    const store = await client({ backend }).open()
    await expect(store.commit(todoCreated({ id: '0', text: 'spam' })).confirmed).rejects.toThrow('no')
    await store.commit(todoCreated({ id: '1', text: 'a' }), draftSaved({ id: 'd', text: 'x' })).confirmed
    backend.setOnline(false)
    store.commit(todoCreated({ id: '2', text: 'pending' }))
    const bytes = await store.export()
    const adapter = memoryAdapter()
    await importStore({ adapter, storeId: 'demo', bytes })
    backend.setOnline(true)
    const imported = await createStore({ schema, storeId: 'demo', adapter, backend })
    await untilSynced(imported, 2)
    expect([shown(imported), draftsShown(imported)]).toEqual(['1:a 2:pending', 'd:x'])
    expect(await imported.rejected.list()).toHaveLength(1)
    await untilSynced(store, 2)
    expect(backend.log('demo')).toHaveLength(2)
    await imported.close()
  })

  engineCase('wipe closes the store, whatever is pending', async ({ client }) => {
    const backend = memoryBackend()
    backend.setOnline(false)
    const store = await client({ backend }).open()
    store.commit(todoCreated({ id: '1', text: 'a' }))
    await store.wipe()
    expect(() => shown(store)).toThrow('closed')
  })
})

describe('statuses and logs', () => {
  engineCase('a status speaks of session, leader and backend', async ({ client }) => {
    const backend = memoryBackend()
    const store = await client({ backend }).open()
    await untilSynced(store, 0)
    backend.setOnline(false)
    await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
    const status = await store.until(({ backend: { pending } }) => pending === 1)
    expect(status).toMatchObject({
      session: { localHead: { global: 1 }, upstreamHead: { global: 1 }, settledHead: { global: 0 }, pending: 0 },
      leader: { connection: 'connected', term: 1, localHead: { global: 1 }, settledHead: { global: 0 } },
      backend: { name: 'memory', backendId: 'memory:demo:0', head: 0, pending: 1 },
      progress: null,
      isSynced: false,
      outdatedBy: null,
    })
  })

  engineCase('args stay out of logs', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    // A subscriber that commits what does not fit: its error quotes the args.
    store.subscribe(todos.all(), () => store.commit(todoCreated({ id: 'x', text: { secret: 'secret' } } as never)))
    store.commit(todoCreated({ id: '1', text: 'secret' }))
    expect(() => store.commit(todoCreated({ id: '1', text: 'secret' }))).toThrow('UNIQUE')
    expect(device.logged.length).toBeGreaterThan(0)
    expect(JSON.stringify(device.logged)).not.toContain('secret')
  })
})

describe('what a commit costs', () => {
  engineCase(
    'a commit does not touch what is pending: the 3,000th reads as little of it as the first',
    async ({ client }) => {
      const device = client()
      const store = await device.open()
      await device.kill()
      const [at, toArray] = [vi.spyOn(PendingEvents.prototype, 'at'), vi.spyOn(PendingEvents.prototype, 'toArray')]
      const readsOf = (from: number, to: number): number => {
        at.mockClear()
        toArray.mockClear()
        for (let i = from; i < to; i++) store.commit(todoCreated({ id: `${i}`, text: 'a' }))
        return (
          at.mock.calls.length +
          toArray.mock.results.reduce((sum, { value }) => sum + (value as ReadonlyArray<unknown>).length, 0)
        )
      }
      const [first, , last] = [readsOf(0, 100), readsOf(100, 2900), readsOf(2900, 3000)]
      vi.restoreAllMocks()
      expect(last).toBe(first)
      expect(last).toBeLessThanOrEqual(200)
      expect(store.status.session.pending).toBe(3000)
      device.startLeader()
      await store.until(({ session }) => session.pending === 0)
    },
  )
})
