import type { BackendEvent, BackendPosition } from '@headwater/core/backend'
import { type AppendAnswer, type AppendRequest, type LogStorage, type ReadAnswer, verifyLogs } from '@headwater/server'
import * as Effect from 'effect/Effect'
import { expect, test } from 'vitest'
import { makeNews } from '../src/News.ts'
import { event, root } from './Requests.ts'

const run = Effect.runPromise

/** A storage with empty logs, and what the suite does to it. */
export interface StorageUnderTest {
  readonly storage: LogStorage
  readonly close: () => Promise<void>
}

export interface EventFields extends Partial<Omit<BackendEvent, 'global' | 'parentGlobal' | 'parentId'>> {}

/** `count` new events behind `parent`. */
export const chain = (
  parent: BackendPosition,
  count: number,
  fields: (index: number) => EventFields = () => ({}),
): Array<BackendEvent> => {
  const events: Array<BackendEvent> = []
  let before = parent
  for (let index = 0; index < count; index += 1) {
    const next = event(before, fields(index))
    events.push(next)
    before = endOf([next], before)
  }
  return events
}

export const endOf = (events: ReadonlyArray<BackendEvent>, before: BackendPosition = root): BackendPosition => {
  const last = events.at(-1)
  return last === undefined ? before : { global: last.global, eventId: last.id }
}

export const requestOf = (
  storeId: string,
  backendId: string,
  events: ReadonlyArray<BackendEvent>,
  principalId: string | null = null,
): AppendRequest => ({
  storeId,
  batch: {
    backendId,
    parent: { global: events[0]?.parentGlobal ?? 0, eventId: events[0]?.parentId ?? null },
    events,
  },
  eventsJson: events.map((each) => JSON.stringify({ ...each, syncMetadataJson: null })),
  principalId,
  mayPushForOthers: false,
})

/** One store, as the cases use it. */
export const openStore = async (storage: LogStorage, storeId: string) => {
  const { backendId } = await run(storage.info(storeId))
  const append = (events: ReadonlyArray<BackendEvent>, principalId: string | null = null): Promise<AppendAnswer> =>
    run(storage.append(requestOf(storeId, backendId, events, principalId)))
  const read = (
    after: BackendPosition = root,
    limits: { eventsMax?: number; bytesMax?: number; cursor?: string | null; backendId?: string | null } = {},
  ): Promise<ReadAnswer> =>
    run(storage.read({ storeId, backendId, after, cursor: null, eventsMax: 1_000, bytesMax: 4_000_000, ...limits }))
  const texts = async (after: BackendPosition = root): Promise<ReadonlyArray<unknown>> => {
    const answer = await read(after)
    return answer._tag === 'Events' ? answer.eventsJson.map((text): unknown => JSON.parse(text)) : [answer._tag]
  }
  return { backendId, append, read, texts, head: async () => (await run(storage.info(storeId))).head }
}

const stored = (events: ReadonlyArray<BackendEvent>) => events.map((each) => ({ ...each, syncMetadataJson: null }))

const isRefused = (answer: AppendAnswer): boolean => answer._tag !== 'Accepted' || answer.appended === 0

/** Registers what every `LogStorage` has to do, beside what `syncBackendSuite` proves through the whole server. */
export const logStorageSuite = (make: () => Promise<StorageUnderTest>): void => {
  const cases = (name: string, body: (storage: LogStorage) => Promise<void>): void => {
    test(name, async () => {
      const under = await make()
      try {
        await body(under.storage)
      } finally {
        await under.close()
      }
    })
  }

  cases('port: many who mention a store first get one log', async (storage) => {
    const infos = await Promise.all(Array.from({ length: 20 }, () => run(storage.info('s'))))
    expect(new Set(infos.map(({ backendId }) => backendId)).size).toBe(1)
    expect(infos[0]?.head).toEqual(root)
    expect((await run(storage.info('other'))).backendId).not.toBe(infos[0]?.backendId)
    expect(await (await openStore(storage, 'S')).read()).toMatchObject({ _tag: 'Events', cursor: null, head: root })
  })

  cases(
    'port: known, tail, mixed, duplicate, changed, reset: each has its answer and stores nothing else',
    async (storage) => {
      const store = await openStore(storage, 's')
      const [a, b, c] = chain(root, 3) as [BackendEvent, BackendEvent, BackendEvent]
      const [d] = chain(endOf([c]), 1) as [BackendEvent]
      expect(await store.append([a, b])).toEqual({ _tag: 'Accepted', head: endOf([b]), appended: 2 })
      expect(await store.append([a, b])).toEqual({ _tag: 'Accepted', head: endOf([b]), appended: 0 })
      expect(await store.append([a])).toEqual({ _tag: 'Accepted', head: endOf([b]), appended: 0 })
      expect(await store.append([b, c])).toEqual({ _tag: 'Accepted', head: endOf([c]), appended: 1 })
      expect(await store.append([a, d])).toEqual({ _tag: 'BackendAhead', head: endOf([c]) })
      const behind = await store.append(chain(endOf([a]), 2))
      expect(behind).toMatchObject({ _tag: 'BackendAhead', head: endOf([c]) })
      const missing = behind._tag === 'BackendAhead' ? behind.missingJson?.map((text): unknown => JSON.parse(text)) : []
      expect(missing).toEqual(stored([b, c]))
      const duplicate = { _tag: 'Rejected', rejections: [{ eventId: b.id, reason: 'DuplicateId' }] }
      // The same event, wherever its client has numbered it.
      expect(await store.append([{ ...d, id: b.id }])).toMatchObject({ _tag: 'Accepted', appended: 0 })
      expect(await store.append([{ ...d, id: b.id, argsJson: '2' }])).toEqual(duplicate)
      expect(await store.append(chain({ global: 3, eventId: 'never' }, 1))).toEqual({
        _tag: 'HistoryChanged',
        head: endOf([c]),
      })
      expect((await store.append(chain({ global: 9, eventId: c.id }, 1)))._tag).toBe('HistoryChanged')
      const reset = { _tag: 'BackendReset', backendId: store.backendId }
      expect(await run(storage.append(requestOf('s', 'another', [d])))).toEqual(reset)
      expect(await run(storage.judgeKnown(requestOf('s', 'another', [d])))).toEqual(reset)
      expect(await store.read(root, { backendId: 'another' })).toEqual(reset)
      expect(await store.read(root, { backendId: null })).toMatchObject({ _tag: 'Events', backendId: store.backendId })
      expect(await run(storage.judgeKnown(requestOf('s', store.backendId, [c, d])))).toEqual({ _tag: 'Fresh', from: 1 })
      expect((await run(storage.append(requestOf('s', store.backendId, []))))._tag).toBe('BackendAhead')
      expect(await store.texts()).toEqual(stored([a, b, c]))
    },
  )

  cases('port: appends of one moment, of any stores, have each their own fate', async (storage) => {
    const ids = Array.from({ length: 30 }, (_, index) => `store-${index % 15}`)
    const stores = await Promise.all(ids.map((storeId) => openStore(storage, storeId)))
    const first = chain(root, 1)
    await stores[0]?.append(first)
    // Two rivals in each store; those of store 0 come too late, and one of store 1 carries an id twice known.
    const answers = await Promise.all(stores.map((store) => store.append(chain(root, 2))))
    const wins = answers.filter((answer) => !isRefused(answer)).length
    expect(wins).toBe(14)
    expect(answers.filter(({ _tag }) => _tag === 'BackendAhead').length).toBe(16)
    // An id that store 1 has already, in the midst of good ones.
    const heads = await Promise.all(stores.slice(0, 15).map((store) => store.head()))
    const second = await Promise.all(
      stores.slice(0, 15).map((store, index) => {
        const parent = heads[index] ?? root
        const [next] = chain(parent, 1) as [BackendEvent]
        return store.append([index === 1 ? { ...next, id: parent.eventId ?? '', argsJson: '[]' } : next])
      }),
    )
    expect(second.map(({ _tag }) => _tag)).toEqual(
      Array.from({ length: 15 }, (_, index) => (index === 1 ? 'Rejected' : 'Accepted')),
    )
  })

  cases('port: calls of one store are judged in their order', async (storage) => {
    const store = await openStore(storage, 's')
    const events = chain(root, 20)
    const answers = await Promise.all(events.map((each) => store.append([each])))
    expect(answers.map(({ _tag }) => _tag)).toEqual(events.map(() => 'Accepted'))
    expect(await store.texts()).toEqual(stored(events))
  })

  cases('port: pages keep both limits, and the first event comes whatever its size', async (storage) => {
    const store = await openStore(storage, 's')
    const sizes = [10, 200_000, 10, 10, 500_000, 10]
    const events = chain(root, 6, (index) => ({ argsJson: JSON.stringify('ä"'.repeat((sizes[index] ?? 0) / 5)) }))
    await store.append(events)
    const [full, page] = [await store.read(), await store.read(root, { eventsMax: 4 })]
    if (full._tag !== 'Events' || page._tag !== 'Events') throw new Error('expected events')
    expect([full.eventsJson.length, page.eventsJson.length, page.last]).toEqual([6, 4, endOf(events.slice(0, 4))])
    for (let after = 0; after < 6; after += 1) {
      for (const bytesMax of [1, 150_000, 300_000, 700_000]) {
        const answer = await store.read(endOf(events.slice(0, after)), { bytesMax })
        if (answer._tag !== 'Events') throw new Error('expected events')
        const fitting = full.eventsJson.slice(after).filter((_, index, all) => {
          const bytes = all.slice(0, index + 1).reduce((sum, text) => sum + Buffer.byteLength(text), 0)
          return index === 0 || bytes <= bytesMax
        })
        expect(answer.eventsJson).toEqual(fitting)
      }
    }
  })

  cases('port: a page of no events says whether the log holds a place, and where it ends', async (storage) => {
    const store = await openStore(storage, 's')
    const events = chain(root, 3)
    await store.append(events)
    const none = { eventsMax: 0, bytesMax: 0 }
    const [full, second] = [await store.read(), endOf(events.slice(0, 2))]
    if (full._tag !== 'Events') throw new Error('expected events')
    for (const after of [root, second, endOf(events)]) {
      const held = await store.read(after, none)
      expect(held).toMatchObject({ _tag: 'Events', eventsJson: [], last: after, head: endOf(events) })
      const end = await store.read(after, { ...none, cursor: full.cursor })
      expect(end).toMatchObject({ _tag: 'Events', eventsJson: [], last: after })
    }
    expect((await store.read({ global: 2, eventId: 'nobody' }, none))._tag).toBe('HistoryChanged')
    expect((await store.read(second, { ...none, cursor: '2.nobody' }))._tag).toBe('HistoryChanged')
    expect((await store.read(second, { ...none, backendId: 'other' }))._tag).toBe('BackendReset')
  })

  cases('port: every text comes back as it was, byte for byte, or is refused', async (storage) => {
    const store = await openStore(storage, 's')
    const argsTexts = [
      '{"b":1,"a":[1.0,1e2,-0,12345678901234567890]}',
      ' { "spaced" :\t"out" }\n',
      '"\\u0041\\ud83d\\ude00😀\\u0000 \\\\u0000 \\ud800"',
      '"\'; DROP TABLE headwater_events; --"',
      '"é e\u0301 \u2028 \u200f\ufeff"',
    ]
    const events = chain(root, argsTexts.length, (index) => ({
      argsJson: argsTexts[index] ?? '',
      createdAt: 1_700_000_000_000.123 + index,
      sessionId: '😀',
      name: `näme ${index}`,
    }))
    expect(await store.append(events)).toMatchObject({ _tag: 'Accepted' })
    expect(await store.texts()).toEqual(stored(events))
    for (const odd of ['\0', '\ud800', 'a\udc00b']) {
      for (const field of ['name', 'sessionId', 'clientId', 'argsJson', 'id'] as const) {
        const head = await store.head()
        const before = await store.texts(head)
        const [next] = chain(head, 1, () => ({ [field]: `"${crypto.randomUUID()}${odd}"` })) as [BackendEvent]
        const answer = await store.append([next])
        if (answer._tag === 'Accepted') expect(await store.texts(head)).toEqual(stored([next]))
        else {
          expect(answer).toMatchObject({ _tag: 'Rejected', rejections: [{ eventId: next.id }] })
          expect(await store.texts(head)).toEqual(before)
        }
      }
      expect((await store.read({ global: 1, eventId: odd }))._tag).toBe('HistoryChanged')
    }
  })

  cases('port: a client belongs to who used it first, in its store only', async (storage) => {
    const [store, other] = [await openStore(storage, 's'), await openStore(storage, 't')]
    const events = chain(root, 4, (index) => ({ clientId: index === 2 ? 'second' : 'first' }))
    expect((await store.append(events.slice(0, 1), 'anna'))._tag).toBe('Accepted')
    expect(await store.append(events.slice(1), 'bert')).toEqual({ _tag: 'ClientBound', clientId: 'first' })
    expect((await store.append(events.slice(1), 'anna'))._tag).toBe('Accepted')
    expect(
      (
        await store.append(
          chain(endOf(events), 1, () => ({ clientId: 'second' })),
          'bert',
        )
      )._tag,
    ).toBe('ClientBound')
    expect(
      (
        await other.append(
          chain(root, 1, () => ({ clientId: 'first' })),
          'bert',
        )
      )._tag,
    ).toBe('Accepted')
    const forAnother = chain(endOf(events), 1, () => ({ clientId: 'second' }))
    const request = { ...requestOf('s', store.backendId, forAnother, 'admin'), mayPushForOthers: true }
    expect((await run(storage.append(request)))._tag).toBe('Accepted')
    expect(
      (
        await store.append(
          chain(endOf(forAnother), 1, () => ({ clientId: 'second' })),
          'anna',
        )
      )._tag,
    ).toBe('Accepted')
  })

  cases('port: a cursor is checked where it stands; the root and what cannot be read are not', async (storage) => {
    const store = await openStore(storage, 's')
    for (let i = 0; i < 3; i += 1) await store.append(chain(await store.head(), 1))
    const head = await store.head()
    const answer = await store.read(head)
    if (answer._tag !== 'Events' || answer.cursor === null) throw new Error('expected a cursor')
    expect(answer.cursor).toMatch(/^3\.[\w-]{12}$/)
    const mark = answer.cursor.slice(2)
    for (const fine of [answer.cursor, '0.', `0.${mark}`, '', '3', '3.', mark, `-3.${mark}`, `3.${mark}.`, 'ä'])
      expect([fine, (await store.read(head, { cursor: fine }))._tag]).toEqual([fine, 'Events'])
    for (const gone of [`2.${mark}`, `4.${mark}`, `9999999999999999.${mark}`, `3.${mark}A`, '3.A'])
      expect([gone, (await store.read(head, { cursor: gone }))._tag]).toEqual([gone, 'HistoryChanged'])
    expect((await store.read({ global: Number.MAX_SAFE_INTEGER, eventId: 'x' }))._tag).toBe('HistoryChanged')
    const page = await store.read()
    expect(page).toMatchObject({ _tag: 'Events', last: head, cursor: answer.cursor })
  })

  cases(
    'port: listeners of a store hear of its appends; an append between two waits is not missed',
    async (storage) => {
      const store = await openStore(storage, 's')
      let calls = 0
      const end = storage.subscribe('s', () => (calls += 1))
      const events = chain(root, 2)
      await store.append(events.slice(0, 1))
      expect(calls).toBe(1)
      end()
      const news = makeNews({ storage, stopping: new AbortController().signal }, 's')
      await store.append(events.slice(1))
      const late = new Promise((resolve) => setImmediate(resolve, 'late'))
      expect(await Promise.race([news.wait(60_000), late])).toBe('news')
      expect(calls).toBe(1)
      news.end()
    },
  )

  cases('port: stores are listed in pages, each once; their logs are verified', async (storage) => {
    const storeIds = ['b', 'B', '_x', '-y', 'a', 'aa', 'Z9', '0']
    expect(await run(storage.stores(null, 10))).toEqual([])
    let events = 0
    for (const [index, storeId] of storeIds.entries()) {
      const store = await openStore(storage, storeId)
      for (let batch = 0; batch < index; batch += 1) await store.append(chain(await store.head(), 3))
      events += index * 3
    }
    const listed: Array<string> = []
    for (;;) {
      const page = await run(storage.stores(listed.at(-1) ?? null, 3))
      listed.push(...page)
      if (page.length < 3) break
    }
    expect(listed).toEqual(storeIds.toSorted((x, y) => (x < y ? -1 : 1)))
    expect(await run(verifyLogs(storage))).toEqual({ stores: storeIds.length, events, faults: [] })
  })

  cases('port: what was asked before close is answered', async (storage) => {
    const stores = await Promise.all(['a', 'b', 'c'].map((storeId) => openStore(storage, storeId)))
    const asked = Promise.all(stores.map((store) => store.append(chain(root, 10))))
    await run(storage.close)
    expect((await asked).map(({ _tag }) => _tag)).toEqual(['Accepted', 'Accepted', 'Accepted'])
  })
}
