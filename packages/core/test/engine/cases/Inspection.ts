/** `inspectStore`: what tools see. */
import { describe, expect } from 'vitest'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { formatPosition, inspectStore, Schema, sql, type Store, type StoreStep } from '../../../src/index.ts'
import { engineCase } from '../Case.ts'
import { draftSaved, shown, todoCreated, todos, untilShown, untilSynced } from '../Todos.ts'
import { root } from '../../../src/event/EventSequenceNumber.ts'

/** `commit e1`, `advance 1 added, 0 confirmed`, `rebase onto e1: -2 +3`. */
const lineOf = (step: StoreStep): string => {
  switch (step._tag) {
    case 'commit':
      return `commit ${step.events.map(({ position }) => formatPosition(position)).join(' ')}`
    case 'advance':
      return `advance ${step.added.length} added, ${step.confirmed.length} confirmed`
    case 'rebase': {
      const moved = step.rolledBack.flatMap(({ id, position }) => {
        const now = step.added.find((event) => event.id === id)
        return now === undefined ? [] : [`${formatPosition(position)} to ${formatPosition(now.position)}`]
      })
      const { rolledBack, added, dropped } = step
      return `rebase onto e${step.base.global}: -${rolledBack.length} +${added.length}, ${dropped.length} dropped, ${moved.join()}`
    }
    case 'snapshot':
      return `snapshot at ${formatPosition(step.at)}, ${step.replayed} replayed`
  }
}

/** A clock that goes on by 1 ms whenever it is asked. */
const ticking = (): (() => number) => {
  let now = 0
  return () => ++now
}

const observed = (store: Store): { readonly steps: Array<StoreStep>; readonly leave: () => void } => {
  const steps: Array<StoreStep> = []
  const leave = inspectStore(store).observe({ now: ticking(), onStep: (step) => steps.push(step) })
  return { steps, leave }
}

describe('whoever observes a store', () => {
  engineCase('is told of commits and advances when they are done, until it leaves', async ({ client }) => {
    const backend = memoryBackend()
    const [a, b] = [await client({ backend }).open(), await client({ backend }).open()]
    await untilSynced(a, 0)
    const { steps, leave } = observed(a)
    const seen: Array<string> = []
    inspectStore(a).observe({ now: ticking(), onStep: ({ _tag }) => seen.push(`${_tag}, shown ${shown(a)}`) })
    await a.commit(todoCreated({ id: '1', text: 'a' }), draftSaved({ id: 'd', text: 'x' })).persisted
    expect(steps.map(lineOf)).toEqual(['commit e1 e1.1', 'advance 0 added, 2 confirmed'])
    await b.commit(todoCreated({ id: '2', text: 'b' })).confirmed
    await untilShown(a, '1:a 2:b')
    expect(steps.slice(2).map(lineOf)).toEqual(['advance 1 added, 0 confirmed'])
    expect(seen).toEqual(['commit, shown 1:a', 'advance, shown 1:a', 'advance, shown 1:a 2:b'])
    expect(steps.every(({ ms }) => ms >= 1)).toBe(true)
    leave()
    await a.commit(todoCreated({ id: '3', text: 'c' })).persisted
    expect(steps).toHaveLength(3)
    expect(seen).toHaveLength(5)
  })

  engineCase('sees where a rebase has moved its own events, and what was undone', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const [a, b] = [await device.open(), await device.open()]
    await untilSynced(a, 0)
    const { steps } = observed(a)
    device.link(a).freeze()
    await b.commit(todoCreated({ id: '1', text: 'of b' })).persisted
    a.commit(todoCreated({ id: '2', text: 'of a' }), todoCreated({ id: '3', text: 'of a' }))
    device.link(a).thaw()
    await untilShown(a, '1:of b 2:of a 3:of a')
    const rebase = steps.find(({ _tag }) => _tag === 'rebase')!
    expect(lineOf(rebase)).toBe('rebase onto e0: -2 +3, 0 dropped, e1 to e2r1,e2 to e3r1')
    expect(rebase).toMatchObject({ rolledBack: [{ name: 'todoCreated' }, { name: 'todoCreated' }] })
  })

  engineCase('that throws is logged, and commits go on', async ({ client }) => {
    const device = client()
    const store = await device.open()
    const others: Array<string> = []
    inspectStore(store).observe({
      now: ticking(),
      onStep: () => {
        throw new Error('not the store’s problem')
      },
    })
    inspectStore(store).observe({ now: ticking(), onStep: (step) => others.push(lineOf(step)) })
    await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
    expect(shown(store)).toBe('1:a')
    expect(others[0]).toBe('commit e1')
    expect(device.logged.some(({ fields }) => String(fields['error']).includes('not the store’s problem'))).toBe(true)
  })

  engineCase('hears of a snapshot, and of what was put on top of it', async ({ client }) => {
    const device = client()
    const store = await device.open()
    await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
    const { steps } = observed(store)
    const link = device.link(store)
    link.loses = ({ _tag }) => _tag === 'push'
    const receipt = store.commit(todoCreated({ id: '2', text: 'b' }))
    inspectStore(store).observe({
      now: ticking(),
      onStep: ({ _tag }) => {
        if (_tag === 'snapshot') link.loses = () => false
      },
    })
    // Attached meanwhile: another attachment is a snapshot, never a resume.
    await device.open({ backend: memoryBackend() })
    await receipt.confirmed
    expect(steps.map(lineOf)).toEqual(['commit e2', 'snapshot at e1, 1 replayed', 'advance 0 added, 1 confirmed'])
  })
})

describe('an inspection', () => {
  engineCase('reads the log page by page, and what the leader does not have yet', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    await store.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    backend.setOnline(false)
    await store.commit(todoCreated({ id: '2', text: 'b' }), draftSaved({ id: 'd', text: 'x' })).persisted
    device.link(store).loses = (message) => message._tag === 'push'
    store.commit(todoCreated({ id: '3', text: 'c' }))
    inspectStore(store)
    const inspection = inspectStore(store)
    const first = await inspection.readLog({ after: root, limit: 2 })
    expect(first.events.map(({ position, argsJson }) => `${formatPosition(position)} ${argsJson}`)).toEqual([
      'e1 {"id":"1","text":"a"}',
      'e2 {"id":"2","text":"b"}',
    ])
    expect(formatPosition(first.settledHead)).toBe('e1')
    const rest = await inspection.readLog({ after: first.events[1]!.position, limit: 1000 })
    expect(rest.events.map(({ position, isClientOnly }) => [formatPosition(position), isClientOnly])).toEqual([
      ['e2.1', true],
    ])
    expect(rest.events[0]!.commitId).toBe(first.events[1]!.commitId)
    expect(inspection.pending().map(({ position, name }) => `${formatPosition(position)} ${name}`)).toEqual([
      'e3 todoCreated',
    ])
    expect(inspection.pending(0)).toEqual([])
    expect(inspection.backendName).toBe('memory')
    expect(inspection.adapterName).toBe('test')
  })

  engineCase('tells which pending events were sent to the leader', async ({ client }) => {
    const device = client()
    const store = await device.open()
    device.link(store).freeze()
    store.commit(todoCreated({ id: '1', text: 'a' }))
    expect(inspectStore(store).pending()).toMatchObject([{ isSent: false }])
    await new Promise((resolve) => setImmediate(resolve))
    expect(inspectStore(store).pending()).toMatchObject([{ isSent: true }])
    device.link(store).thaw()
  })

  engineCase('keeps what `quarantined.dismiss` hides', async ({ client }) => {
    const backend = memoryBackend()
    const [a, b] = [await client({ backend }).open(), await client({ backend }).open()]
    const gate = backend.hold('push')
    await a.commit(todoCreated({ id: '1', text: 'mine' })).persisted
    await b.commit(todoCreated({ id: '1', text: 'theirs' })).persisted
    gate.release()
    await Promise.all([untilSynced(a, 2), untilSynced(b, 2)])
    const [row] = a.quarantined.list()
    a.quarantined.dismiss(row!.eventId)
    expect(a.quarantined.list()).toEqual([])
    expect(inspectStore(a).quarantined()).toEqual([row])
    expect(inspectStore(a).quarantineError(row!.eventId)).toBe(row!.error)
    expect(inspectStore(a).quarantineError('another')).toBeNull()
  })
})

describe('live queries', () => {
  engineCase('are told by how they are kept, and what that has cost since somebody observes', async ({ client }) => {
    const store = await client().open()
    const nothing = (): void => undefined
    store.subscribe(todos.where({ done: false }).orderBy('id'), nothing)
    store.subscribe(todos.where({ done: false }).orderBy('id'), nothing)
    const leave = store.subscribe(todos.count(), nothing)
    store.subscribe(todos.max('text'), nothing)
    store.subscribe(sql`SELECT count(*) AS n FROM ${todos}`.as(Schema.Struct({ n: Schema.Int })), nothing)
    store.commit(todoCreated({ id: '1', text: 'a' }))
    const before = inspectStore(store).liveQueries()
    expect(before.map(({ kind, subscribers, rows }) => [kind, subscribers, rows])).toEqual([
      ['patched', 2, 1],
      ['counted', 1, 1],
      ['adjusted', 1, 1],
      ['run again', 1, 1],
    ])
    expect(before.every(({ cost }) => cost.refreshes === 0)).toBe(true)

    const stop = inspectStore(store).observe({ now: ticking(), onStep: nothing })
    store.commit(todoCreated({ id: '2', text: 'b' }))
    store.commit(draftSaved({ id: 'd', text: 'read by none of them' }))
    const costs = (): ReadonlyArray<readonly [number, number, number]> =>
      inspectStore(store)
        .liveQueries()
        .map(({ cost }) => [cost.refreshes, cost.reads, cost.news])
    expect(costs()).toEqual([
      [1, 0, 1],
      [1, 0, 1],
      [1, 0, 1],
      [1, 1, 1],
    ])
    expect(
      inspectStore(store)
        .liveQueries()
        .every(({ cost }) => cost.totalMs >= 1 && cost.maxMs >= cost.lastMs),
    ).toBe(true)
    leave()
    expect(costs()).toHaveLength(3)
    stop()
    store.commit(todoCreated({ id: '3', text: 'c' }))
    expect(costs()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ])
  })

  engineCase('that fail say why', async ({ client }) => {
    const store = await client().open()
    const strict = Schema.Struct({ text: Schema.Literals(['a']) })
    store.subscribe(sql`SELECT text FROM ${todos}`.as(strict), () => undefined, { onError: () => undefined })
    store.commit(todoCreated({ id: '1', text: 'b' }))
    expect(inspectStore(store).liveQueries()[0]?.failure).toContain('text')
  })
})
