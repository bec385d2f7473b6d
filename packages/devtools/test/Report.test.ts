/** Bug reports: made of an open store or of its files, and made a store of again. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryAdapter, nodeAdapter } from '@headwater/adapter-node'
import { createStore, formatPosition, inspectStore, type Store } from '@headwater/core'
import { expect, onTestFinished, test } from 'vitest'
import { storeReport } from '../src/index.ts'
import { fileReport } from '../src/terminal/FileReport.ts'
import { type BugReport, readReport, replayReport, ReportUnusable } from '../src/terminal/replay.ts'
import { storeAt } from '../src/terminal/StoreSelection.ts'
import { temporaryFolder } from './Folder.ts'
import { draftSaved, drafts, itemAdded, items, schema } from './Shop.ts'
import { openTroubledStore, type TroubledStore } from './TroubledStore.ts'

const openTroubled = async (directory: string): Promise<TroubledStore> => {
  const troubled = await openTroubledStore(nodeAdapter({ directory, leader: 'same-thread' }), memoryAdapter())
  onTestFinished(async () => {
    await troubled.store.close()
    await troubled.other.close()
  })
  return troubled
}

/** The report as a file has it. */
const through = (report: BugReport): BugReport => {
  const file = join(temporaryFolder(), 'report.json')
  writeFileSync(file, JSON.stringify(report))
  return readReport(file)
}

const openReplayed = async (report: BugReport): Promise<Store> => {
  const directory = temporaryFolder()
  const storeId = replayReport(report, { directory })
  const store = await createStore({
    schema,
    storeId,
    adapter: nodeAdapter({ directory, leader: 'same-thread' }),
    log: () => undefined,
  })
  onTestFinished(() => store.close())
  return store
}

const stateOf = async (store: Store) => {
  const { session, leader, backend } = store.status
  return {
    items: store.query(items.orderBy('id')),
    drafts: store.query(drafts.orderBy('id')),
    heads: [session.localHead, leader.settledHead].map(formatPosition),
    unsettled: backend.pending,
    attachment: leader.attachment,
    clientId: store.clientId,
    rejected: await store.rejected.list(),
    quarantined: store.quarantined.list(),
  }
}

test('a report with args makes the very same store again: rows, heads, dead letters, quarantine', async () => {
  const { store } = await openTroubled(temporaryFolder())
  const report = through(await storeReport(store, { isRaw: true, versions: { app: '1.4.2' } }))
  expect(report).toMatchObject({ redaction: 'none', from: 'session', versions: { app: '1.4.2' } })
  const replayed = await openReplayed(report)
  await replayed.until(({ session }) => session.pending === 0)
  expect(await stateOf(replayed)).toEqual(await stateOf(store))
  expect((await storeReport(replayed, { isRaw: true })).log).toMatchObject({ events: report.log.events })
})

test('a redacted one makes a store of the same shape, in which the same events are in quarantine', async () => {
  const { store, quarantinedId } = await openTroubled(temporaryFolder())
  const report = await storeReport(store)
  const text = JSON.stringify(report)
  for (const word of ['milk', 'bread', 'eggs', 'secret cake', 'flour', 'sugar', '"i1"', '"d1"'])
    expect(text.includes(word), word).toBe(false)
  const replayed = await openReplayed(through(report))
  const [before, after] = [await stateOf(store), await stateOf(replayed)]
  expect(after.items.map(({ bought }) => bought)).toEqual(before.items.map(({ bought }) => bought))
  expect(after).toMatchObject({ heads: before.heads, unsettled: 3, attachment: 1 })
  expect(after.quarantined.map(({ eventId }) => eventId)).toEqual([quarantinedId])
  expect(after.rejected.map(({ event, reason }) => [event.id, reason])).toEqual(
    before.rejected.map(({ event, reason }) => [event.id, reason]),
  )
})

test('what only the session had is behind the log of the replay', async () => {
  const { store } = await openTroubled(temporaryFolder())
  await store.commit(itemAdded({ id: 'i9', name: 'late', amount: 1 }), draftSaved({ id: 'd9', text: 'late' })).persisted
  const report = await storeReport(store, { isRaw: true })
  // As if the leader had been gone.
  const [logged, pending] = [report.log.events.slice(0, 8), report.log.events.slice(8)]
  expect(pending).toHaveLength(2)
  const replayed = await openReplayed({ ...report, log: { ...report.log, events: logged }, pending })
  expect(await inspectStore(replayed).readLog({ after: { global: 7, client: 0 }, limit: 9 })).toMatchObject({
    events: [{ name: 'itemAdded' }, { name: 'draftSaved', isClientOnly: true }],
  })
  expect(replayed.query(items.where({ id: 'i9' }).first())?.name).toBe('late')
})

test('files tell the same log as the store that has them open', async () => {
  const directory = temporaryFolder()
  const { store } = await openTroubled(directory)
  const [ofStore, ofFiles] = [
    await storeReport(store, { isRaw: true }),
    fileReport(storeAt(directory, undefined), { isRaw: true, eventsMax: 1000 }),
  ]
  expect(ofFiles.log).toEqual(ofStore.log)
  expect(ofFiles.rejected).toEqual(ofStore.rejected)
  expect(ofFiles.quarantined).toEqual(ofStore.quarantined)
  const redacted = fileReport(storeAt(directory, undefined), { isRaw: false, eventsMax: 1000 })
  expect(redacted.log.events).toEqual((await storeReport(store)).log.events)
  expect(redacted.rejected[0]).toMatchObject({ detail: 'no "…" here' })
})

test('of a long log the newest events are in the report, which says that it cannot be replayed', async () => {
  const store = await createStore({ schema, storeId: 'long', adapter: memoryAdapter() })
  onTestFinished(() => store.close())
  for (let n = 0; n < 40; n++)
    store.commit(itemAdded({ id: `i${n}`, name: 'x', amount: n }), draftSaved({ id: 'd', text: 'y' }))
  await store.until(({ session }) => session.pending === 0)
  const part = await storeReport(store, { eventsMax: 25 })
  expect(part.log.isComplete).toBe(false)
  expect(part.log.events).toHaveLength(25)
  expect(part.log.events.at(-1)?.position).toBe('e40.1')
  const directory = temporaryFolder()
  expect(() => replayReport(part, { directory })).toThrow('its log begins with e28.1')
  expect((await storeReport(store, { eventsMax: 80 })).log).toMatchObject({ isComplete: true })
  // Client-only events alone, all behind one position.
  const drafting = await createStore({ schema, storeId: 'drafts', adapter: memoryAdapter() })
  onTestFinished(() => drafting.close())
  for (let n = 0; n < 30; n++) drafting.commit(draftSaved({ id: 'd', text: 'y' }))
  await drafting.until(({ session }) => session.pending === 0)
  const newest = (await storeReport(drafting, { eventsMax: 10 })).log.events
  expect(newest.map(({ position }) => position)).toEqual(Array.from({ length: 10 }, (_, n) => `e0.${21 + n}`))
})

test('a report that is none, is damaged or is of a newer version says so in one line, and leaves nothing', async () => {
  const { store } = await openTroubled(temporaryFolder())
  const report = await storeReport(store)
  const folder = temporaryFolder()
  const read = (text: string): BugReport => {
    const file = join(folder, 'report.json')
    writeFileSync(file, text)
    return readReport(file)
  }
  expect(() => readReport(join(folder, 'none.json'))).toThrow(/none.json: it cannot be read \(ENOENT\)$/)
  expect(() => read('{"format":')).toThrow('it is no JSON')
  expect(() => read('null')).toThrow('it is no report')
  expect(() => read(JSON.stringify({ ...report, version: 2 }))).toThrow('reads up to 1: update it')
  expect(() => read(JSON.stringify({ ...report, log: undefined }))).toThrow(ReportUnusable)
  const { events } = report.log
  const broken = (changed: BugReport['log']['events']): (() => string) => {
    const made = { ...report, log: { ...report.log, events: changed } }
    return () => replayReport(made, { directory: folder })
  }
  expect(broken(events.toSpliced(2, 1))).toThrow('e4r1 stands where e3 is next')
  expect(broken([...events, { ...events[0]!, position: 'e8' }])).toThrow(`event ${events[0]!.id} is in its log twice`)
  expect(broken([{ ...events[0]!, position: 'one' }])).toThrow('"one" is no position')
  expect(() => storeAt(folder, undefined)).toThrow('holds no Headwater store')
  const storeId = replayReport(report, { directory: folder })
  expect(() => replayReport(report, { directory: folder, storeId })).toThrow('already holds a store')
})
