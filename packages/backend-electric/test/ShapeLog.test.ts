/**
 * Whatever order a shape's rows come in, and wherever they are cut: what is handed on is the log, each page is a place to
 * read on from, and what does not fit is a doubt. Random shapes against the plain list of events that they were made from.
 */
import { type BackendEvent, type BackendPosition, eventSizeBytes, pageBytesMax } from '@headwater/core/backend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ElectricCursor, type ShapePlace, cursorText, readCursor } from '../src/ElectricCursor.ts'
import type { ShapeBatch, ShapeChange, ShapePage } from '../src/ShapeBatch.ts'
import { ShapeLog } from '../src/ShapeLog.ts'
import type { ShapeValues } from '../src/ShapeRow.ts'

const storeId = 'store'
const root: BackendPosition = { global: 0, eventId: null }

/** An event in the database, and the mark of the append that wrote it. */
interface Stored {
  readonly event: BackendEvent
  readonly mark: string
}

const append = (log: ReadonlyArray<Stored>, mark: string, count: number, argsJson = '{}'): ReadonlyArray<Stored> => {
  const after = [...log]
  for (let index = 0; index < count; index += 1) {
    const before = after.at(-1)?.event
    const global = after.length + 1
    const event: BackendEvent = {
      global,
      parentGlobal: global - 1,
      parentId: before?.id ?? null,
      id: `${mark}-${index}`,
      name: 'event',
      argsJson,
      clientId: 'c',
      sessionId: 's',
      createdAt: global,
    }
    after.push({ event, mark })
  }
  return after
}

const rowOf = ({ event, mark }: Stored): ShapeValues => ({
  store_id: storeId,
  seq: String(event.global),
  event_id: event.id,
  parent_id: event.parentId,
  name: event.name,
  args: event.argsJson,
  client_id: event.clientId,
  session_id: event.sessionId,
  created_at: String(event.createdAt),
  sync_metadata: null,
  mark,
})

const insert = (stored: Stored): ShapeChange => ({ operation: 'insert', values: rowOf(stored) })
const remove = ({ event }: Stored): ShapeChange => ({
  operation: 'delete',
  values: { store_id: storeId, seq: String(event.global) },
})

const positionOf = (stored: Stored | undefined): BackendPosition =>
  stored === undefined ? root : { global: stored.event.global, eventId: stored.event.id }
const headOf = (log: ReadonlyArray<Stored>): BackendPosition => positionOf(log.at(-1))
const appendOf = (stored: Stored | undefined): string | null =>
  stored === undefined ? null : `${stored.event.global}.${stored.mark}`

const handle = '1-1'
const batch = (changes: ReadonlyArray<ShapeChange>, offset: string | undefined, isUpToDate: boolean): ShapeBatch => ({
  changes,
  place: offset === undefined ? undefined : { handle, offset },
  isUpToDate,
  trouble: undefined,
})

const startAt = (log: ReadonlyArray<Stored>, count: number, place: ShapePlace | null = null, waitingMax?: number) =>
  new ShapeLog({
    storeId,
    after: positionOf(log[count - 1]),
    append: appendOf(log[count - 1]),
    head: headOf(log),
    place,
    ...(waitingMax === undefined ? {} : { waitingMax }),
  })

/** As a pull does it: the log vouches for what is handed on before an up-to-date. */
const follow = (
  shape: ShapeLog,
  batches: ReadonlyArray<ShapeBatch>,
  log: ReadonlyArray<Stored>,
): { readonly pages: ReadonlyArray<ShapePage>; readonly trouble: string | undefined } => {
  const pages: Array<ShapePage> = []
  for (const each of batches) {
    const trouble = shape.take(each)
    if (trouble !== undefined) return { pages, trouble: trouble.detail }
    const { after, cursor } = shape.claim
    const isHeld = after.global === 0 || appendOf(log[after.global - 1]) === cursor
    if (!each.isUpToDate && !isHeld) return { pages, trouble: 'not held' }
    pages.push(...shape.release(each))
  }
  return { pages, trouble: undefined }
}

const eventsOf = (pages: ReadonlyArray<ShapePage>) => pages.flatMap(({ events: some }) => some)
const events = (log: ReadonlyArray<Stored>) => log.map(({ event }) => ({ ...event, syncMetadataJson: null }))

/** Appends and, where `restores` are wanted, cuts of what was appended: what an operator does behind everybody's back. */
const historyArbitrary = (restores: boolean) =>
  fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ append: fc.integer({ min: 1, max: 6 }) }) },
      { weight: restores ? 1 : 0, arbitrary: fc.record({ keep: fc.double({ min: 0, max: 1, noNaN: true }) }) },
    ),
    { minLength: 1, maxLength: 12 },
  )

const shapeArbitrary = (restores: boolean) =>
  fc.record({
    history: historyArbitrary(restores),
    /** After how many steps the shape was made, and after how many the pull begins. */
    made: fc.nat(12),
    order: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
    cuts: fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
    ends: fc.infiniteStream(fc.boolean()),
    after: fc.double({ min: 0, max: 1, noNaN: true }),
  })

type ShapeCase = ReturnType<typeof shapeArbitrary> extends fc.Arbitrary<infer A> ? A : never

/** A shape's batches from its snapshot on, and the log that the database has in the end. */
const build = ({ history, made, order, cuts, ends }: ShapeCase) => {
  let log: ReadonlyArray<Stored> = []
  let snapshot: ReadonlyArray<Stored> | undefined
  const changes: Array<ShapeChange> = []
  for (const [index, step] of history.entries()) {
    if (index === made) snapshot = log
    const before = log
    log = 'append' in step ? append(log, `m${index}`, step.append) : log.slice(0, Math.floor(step.keep * log.length))
    if (snapshot === undefined) continue
    changes.push(...log.slice(before.length).map(insert), ...before.slice(log.length).map(remove))
  }
  const rows = (snapshot ?? log)
    .map((stored) => ({ stored, key: order.next().value }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ stored }) => insert(stored))
  const all = [...rows, ...changes]
  const batches: Array<ShapeBatch> = []
  for (let at = 0; at < all.length;) {
    const end = Math.min(all.length, at + cuts.next().value)
    batches.push(batch(all.slice(at, end), `p_${end}`, false))
    at = end
  }
  // Where there is nothing more for the moment a shape says so, but never inside of its snapshot.
  const cutAt = rows.length
  const told = batches.map((each, index) => {
    const end = batches.slice(0, index + 1).reduce((sum, { changes: some }) => sum + some.length, 0)
    const isWhole = index === batches.length - 1 || (end >= cutAt && isBetweenSteps(history, made, end - cutAt))
    return isWhole && ends.next().value ? { ...each, isUpToDate: true } : each
  })
  return { log, batches: [...told, batch([], `p_${all.length}`, true)] }
}

/** Whether so many changes of the log end with a whole step. */
const isBetweenSteps = (history: ShapeCase['history'], made: number, changes: number): boolean => {
  let [length, sum] = [0, 0]
  for (const [index, step] of history.entries()) {
    const before = length
    length = 'append' in step ? length + step.append : Math.floor(step.keep * length)
    if (index >= made) sum += Math.abs(length - before)
    if (index >= made && sum === changes) return true
  }
  return changes === 0
}

const runs = { numRuns: 400 }

describe('random shapes', () => {
  test('of a log that only grew: all of it, in order, once; every page is a place to read on from', () => {
    let [pagesRead, resumed] = [0, 0]
    fc.assert(
      fc.property(shapeArbitrary(false), (each) => {
        const { log, batches } = build(each)
        const count = Math.floor(each.after * log.length)
        const { pages, trouble } = follow(startAt(log, count), batches, log)
        expect(trouble).toBeUndefined()
        expect(eventsOf(pages)).toEqual(events(log).slice(count))
        expect(pages.at(-1)?.isCaughtUp).toBe(true)
        pagesRead += pages.length
        for (const page of pages) {
          if (page.events.length === 0) expect(page.isCaughtUp).toBe(true)
          expect(page.head.global).toBeGreaterThanOrEqual(page.events.at(-1)?.global ?? 0)
          const { append: held, place } = readCursor(page.cursor)
          const last = page.events.at(-1)
          if (last !== undefined) expect(held).toBe(appendOf(log[last.global - 1]))
          if (place === null) continue
          resumed += 1
          const at = last?.global ?? count
          const from = batches.findIndex((some) => some.place?.offset === place.offset)
          const again = follow(startAt(log, at, place), batches.slice(from + 1), log)
          expect(again.trouble).toBeUndefined()
          expect(eventsOf(again.pages)).toEqual(events(log).slice(at))
        }
      }),
      runs,
    )
    console.log(`PROOF electric_shape_pages=${pagesRead} resumed=${resumed} runs=${runs.numRuns}`)
  })

  test('of a log that was restored in place: the log as it is, or a doubt; never an event that it does not hold', () => {
    let [whole, doubts] = [0, 0]
    fc.assert(
      fc.property(shapeArbitrary(true), (each) => {
        const { log, batches } = build(each)
        // Only the end of the shape's log is the present; what it says before is history.
        const replayed = batches.map((some, index) => ({ ...some, isUpToDate: index === batches.length - 1 }))
        const count = Math.floor(each.after * log.length)
        const { pages, trouble } = follow(startAt(log, count), replayed, log)
        const seen = eventsOf(pages)
        expect(seen).toEqual(events(log).slice(count, count + seen.length))
        if (trouble === undefined) {
          expect(seen).toEqual(events(log).slice(count))
          whole += 1
        } else doubts += 1
      }),
      runs,
    )
    expect(whole).toBeGreaterThan(0)
    expect(doubts).toBeGreaterThan(0)
    console.log(`PROOF electric_restored_shapes_whole=${whole} doubted=${doubts}`)
  })
})

describe('what does not fit is a doubt, or malformed', () => {
  const log = append(append([], 'a', 3), 'b', 3)
  const rest = log.slice(3).map(insert)
  const trouble = (changes: ReadonlyArray<ShapeChange>, isUpToDate = true): string | undefined =>
    follow(startAt(log, 3, { handle, offset: '0_inf' }), [batch(changes, '7_0', isUpToDate)], log).trouble

  test.each<readonly [string, ReadonlyArray<ShapeChange>, string | undefined]>([
    ['nothing', [], undefined],
    ['the rest', rest, undefined],
    ['the rest backwards', rest.toReversed(), undefined],
    ['the rest twice', [...rest, ...rest], undefined],
    ['what was handed on before', log.map(insert), undefined],
    [
      'a row that comes and goes',
      [...rest, insert(append(log, 'c', 1)[6]!), remove(append(log, 'c', 1)[6]!)],
      undefined,
    ],
    ['a gap', [rest[0]!, rest[2]!], 'e5 is missing in the shape'],
    ['the first missing', rest.slice(1), 'e4 is missing in the shape'],
    [
      'an event without its parent',
      [insert({ ...log[3]!, event: { ...log[3]!.event, parentId: 'x' } })],
      'e4 does not follow the event before it',
    ],
    ['a deletion of what was handed on', [remove(log[1]!)], 'delete of e2, which was there already'],
    [
      'an update of what was handed on',
      [{ operation: 'update', values: rowOf(log[1]!) }],
      'update of e2, which was there already',
    ],
    [
      'another event where the client stands',
      [insert({ ...log[2]!, event: { ...log[2]!.event, id: 'x' } })],
      'another event at e3',
    ],
    ['another event at the head', append(log.slice(0, 3), 'x', 3).slice(3).map(insert), 'another event at e6'],
    [
      "another store's row",
      [{ operation: 'insert', values: { ...rowOf(log[3]!), store_id: 'other' } }],
      'a row of ["other","4"] in the shape of store store',
    ],
    [
      'no number',
      [{ operation: 'insert', values: { ...rowOf(log[3]!), seq: 'x' } }],
      'a row of ["store","x"] in the shape of store store',
    ],
    [
      'a number beyond 2^53',
      [{ operation: 'insert', values: { ...rowOf(log[3]!), seq: '9007199254740993' } }],
      'a row of ["store","9007199254740993"] in the shape of store store',
    ],
    [
      'a row without args',
      [{ operation: 'insert', values: { ...rowOf(log[3]!), args: null } }],
      'a row without the columns of an event, e4',
    ],
    [
      'a row without a mark',
      [{ operation: 'insert', values: { ...rowOf(log[3]!), mark: null } }],
      'a row without the columns of an event, e4',
    ],
    [
      'a time that is none',
      [{ operation: 'insert', values: { ...rowOf(log[3]!), created_at: 'NaN' } }],
      'a row without the columns of an event, e4',
    ],
  ])('%s', (_, changes, expected) => {
    expect(trouble(changes)).toBe(expected)
  })

  test('must-refetch, and another handle than the one that is read', () => {
    const shape = startAt(log, 3, { handle, offset: '0_inf' })
    expect(shape.take({ ...batch([], undefined, false), trouble: 'must-refetch' })?._tag).toBe('ShapeDoubt')
    const other = { handle: '2-2', offset: '0_0' }
    expect(shape.take({ ...batch([], undefined, false), place: other })?._tag).toBe('ShapeDoubt')
    const fresh = startAt(log, 0)
    expect(fresh.take(batch([rest[2]!], '0_0', false))).toBeUndefined()
    // No place was reached yet, and yet it is known which shape this is.
    expect(fresh.take({ ...batch([], '0_1', false), place: other })?._tag).toBe('ShapeDoubt')
  })

  test('an update of what waits changes it', () => {
    const [fourth, fifth, sixth] = rest
    const changed: ShapeChange = { operation: 'update', values: { store_id: storeId, seq: '5', name: 'renamed' } }
    const batches = [batch([fifth!], '1_0', false), batch([changed, fourth!, sixth!], '2_0', true)]
    const { pages } = follow(startAt(log, 3), batches, log)
    expect(eventsOf(pages).map(({ name }) => name)).toEqual(['event', 'renamed', 'event'])
  })

  test('rows that wait for others are bounded', () => {
    const large = append([], 'a', 20, JSON.stringify('x'.repeat(1_000)))
    const disordered = [batch(large.slice(1).map(insert), '0_0', false)]
    expect(follow(startAt(large, 0, null, 50_000), disordered, large).trouble).toBeUndefined()
    expect(follow(startAt(large, 0, null, 20_000), disordered, large).trouble).toBe(
      'too many rows wait for earlier ones',
    )
  })
})

describe('pages', () => {
  test('keep the limits of the protocol, and the place of the shape goes with the last', () => {
    const log = append(append([], 'a', 2_500), 'b', 10, JSON.stringify('ä'.repeat(400_000)))
    const { pages } = follow(startAt(log, 0), [batch(log.map(insert), '9_4', true)], log)
    expect(eventsOf(pages)).toEqual(events(log))
    for (const { events: some } of pages) {
      expect(some.length).toBeLessThanOrEqual(1_000)
      const bytes = some.reduce((sum, event) => sum + eventSizeBytes(event), 0)
      expect(bytes).toBeLessThanOrEqual(pageBytesMax)
    }
    expect(pages.map(({ isCaughtUp }) => isCaughtUp).indexOf(true)).toBe(pages.length - 1)
    const places = pages.map(({ cursor }) => readCursor(cursor).place)
    expect(places.slice(0, -1).every((place) => place === null)).toBe(true)
    expect(places.at(-1)).toEqual({ handle, offset: '9_4' })
  })

  test('before an up-to-date nothing behind the known head is handed on, so that an append stays whole', () => {
    const known = append([], 'a', 4)
    const log = append(known, 'b', 4)
    const shape = new ShapeLog({ storeId, after: root, append: null, head: headOf(known), place: null })
    const first = follow(shape, [batch(log.slice(0, 6).map(insert), '0_0', false)], log)
    expect(eventsOf(first.pages)).toEqual(events(known.slice(0, 3)))
    const second = follow(shape, [batch(log.slice(6).map(insert), '0_1', true)], log)
    expect(second.pages.map(({ head, isCaughtUp }) => [head, isCaughtUp])).toEqual([[headOf(log), true]])
  })

  test('a shape that is behind the database is not caught up, and silent until it is', () => {
    const log = append([], 'a', 4)
    const shape = startAt(log, 0)
    const behind = follow(shape, [batch(log.slice(0, 2).map(insert), '1_0', true), batch([], undefined, true)], log)
    expect(behind.pages.map(({ isCaughtUp }) => isCaughtUp)).toEqual([false])
    const there = follow(shape, [batch(log.slice(2).map(insert), '2_0', true), batch([], undefined, true)], log)
    expect(there.pages.map(({ isCaughtUp }) => isCaughtUp)).toEqual([true])
  })

  test('a log that is known already is one empty page that is caught up', () => {
    const log = append([], 'a', 2)
    const place = { handle, offset: '5_0' }
    const { pages } = follow(startAt(log, 2, place), [batch([], undefined, true), batch([], undefined, true)], log)
    const cursor = cursorText({ append: '2.a', place })
    expect(pages).toEqual([{ events: [], cursor, head: headOf(log), isCaughtUp: true }])
  })
})

test.each<readonly [string | null, ElectricCursor]>([
  [null, { append: null, place: null }],
  ['', { append: null, place: null }],
  ['12.ab-_C', { append: '12.ab-_C', place: null }],
  ['12.ab/1-2/0_inf', { append: '12.ab', place: { handle: '1-2', offset: '0_inf' } }],
  ['/1-2/0_inf', { append: null, place: { handle: '1-2', offset: '0_inf' } }],
  ['what another backend gave', { append: 'what another backend gave', place: null }],
  ['12.ab/1-2', { append: '12.ab/1-2', place: null }],
  ['12.ab/1-2/0_inf&where=true', { append: '12.ab/1-2/0_inf&where=true', place: null }],
])('cursor %s', (text, cursor) => {
  expect(readCursor(text)).toEqual(cursor)
  if (text !== '') expect(cursorText(cursor)).toBe(text)
})
