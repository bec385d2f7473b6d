/** What stays when stores are closed, wiped, exported and imported. */
import { importStore } from '@headwater/core'
import { equal, isTrue } from '../Assert.ts'
import { type AdapterCase, failureTag, idsOf, method } from './AdapterUnderTest.ts'
import { connectTo } from './ChannelCases.ts'

export const leavingCases: ReadonlyArray<AdapterCase> = [
  {
    name: 'close() waits until everything is persisted, and a store that opens again has it all, client id and term included',
    needs: ['persist'],
    run: async (place) => {
      const first = await place.open()
      await first.commit({ ids: idsOf('a', 500) })
      await first.commit({ ids: ['large'], bytes: 900_000 })
      await first.mark({ id: 'm', n: 3 })
      const before = await first.report()
      const tables = await first.dump()
      await first.close()
      await place.expectUnled()
      const again = await place.open()
      equal(await again.dump(), tables, 'tables')
      const after = await again.report()
      equal(after.clientId, before.clientId, 'client id')
      isTrue(after.term > before.term, laterTerm)
    },
  },
  {
    name: 'opening and closing again and again leaves no leader and no lock behind',
    needs: [],
    run: async (place) => {
      const rounds = 12
      for (let round = 0; round < rounds; round++) {
        const sessions = await Promise.all([
          place.open(),
          ...(place.can('share') && round % 3 === 0 ? [place.open()] : []),
        ])
        await sessions[0]!.commit({ ids: [`${round}`] })
        await Promise.all(sessions.map((session) => session.close()))
        await place.expectUnled()
      }
      const session = await place.open()
      equal((await session.report()).entries, place.can('persist') ? rounds : 0, 'entries')
    },
  },
  {
    name: 'a store that is opened while its last session closes opens, with everything',
    needs: ['share', 'persist'],
    run: async (place) => {
      let session = await place.open()
      for (let round = 1; round <= 8; round++) {
        await session.commit({ ids: idsOf(`${round}`, 10) })
        const [next] = await Promise.all([place.open(), session.close()])
        await next.until({ entries: round * 10, connection: 'connected' })
        session = next
      }
      await session.close()
      await place.expectUnled()
    },
  },
  {
    name: 'wipe deletes everything of one store; the next opening begins anew',
    needs: ['persist'],
    run: async (place) => {
      const other = await place.open({ storeId: 'other' })
      await other.commit({ ids: ['stays'] })
      const session = await place.open()
      await session.commit({ ids: idsOf('a', 20) })
      await session.persisted()
      const { clientId, term } = await session.report()
      await session.wipe()
      const again = await place.open()
      const report = await again.report()
      equal(report.entries, 0, 'entries')
      // Where the terms of a new log start is the storage's choice, but not one behind the last log's.
      isTrue(report.term !== term + 1, 'terms to begin anew')
      isTrue(report.clientId !== clientId, 'another client id')
      equal(await other.ids(), ['stays'], 'entries of the other store')
      await other.persisted()
      // Of a store that was never there too.
      await place.under.adapter.wipe('never-there')
    },
  },
  {
    name: 'wipe and import are refused while a session has the store open, and change nothing',
    needs: ['persist'],
    run: async (place) => {
      const { adapter } = place.under
      const session = await place.open()
      await session.commit({ ids: idsOf('a', 5) })
      await session.persisted()
      const bytes = await session.export()
      isNamed(await failureTag(adapter.wipe(place.storeId), 'wiping an open store'))
      isNamed(await failureTag(importStore({ adapter, storeId: place.storeId, bytes }), 'importing over an open store'))
      await session.commit({ ids: ['goes on'] })
      await session.persisted()
      await session.close()
      isNamed(await failureTag(importStore({ adapter, storeId: place.storeId, bytes }), 'importing over a store'))
      const again = await place.open()
      equal(await again.ids(), [...idsOf('a', 5), 'goes on'], 'entries')
      equal((await again.report()).lost, 0, 'losses of the leader')
    },
  },
  {
    name: 'a session that wipes its store while another one has it open is refused; the other one loses nothing',
    needs: ['share', 'persist'],
    run: async (place) => {
      const [first, second] = [await place.open(), await place.open()]
      await first.commit({ ids: ['1'] })
      isNamed(await failureTag(first.wipe(), 'wiping a store that another session has open'))
      await second.commit({ ids: ['2'] })
      await second.persisted()
      await second.close()
      await place.expectUnled()
      equal(await (await place.open()).ids(), ['1', '2'], 'entries')
    },
  },
  {
    name: 'an exported log is imported as another client with the same data, and exports the same again',
    needs: [],
    run: async (place) => {
      const { adapter } = place.under
      const session = await place.open()
      await session.commit({ ids: idsOf('a', 200) })
      await session.commit({ ids: ['large'], bytes: 900_000 })
      await session.mark({ id: 'm', n: 3 })
      const bytes = await session.export()
      await importStore({ adapter, storeId: 'copy', bytes })
      const copy = await place.open({ storeId: 'copy' })
      equal(await copy.dump(), await session.dump(), 'tables')
      isTrue((await copy.report()).clientId !== (await session.report()).clientId, 'another client id')
      await copy.commit({ ids: ['more'] })
      await copy.persisted()
      await importStore({ adapter, storeId: 'copy-of-copy', bytes: await copy.export() })
      const again = await place.open({ storeId: 'copy-of-copy' })
      equal(await again.ids(), [...idsOf('a', 200), 'large', 'more'], 'entries')
      equal(await session.ids(), [...idsOf('a', 200), 'large'], 'entries of the original')
    },
  },
  {
    name: 'what is no exported log is refused and leaves nothing',
    needs: [],
    run: async (place) => {
      const { adapter } = place.under
      const session = await place.open({ storeId: 'other' })
      await session.commit({ ids: idsOf('a', 50) })
      const whole = await session.export()
      const { client, openDatabase } = await connectTo(place, 'third')
      const another = openDatabase()
      another.exec('CREATE TABLE invoices (id)')
      const wrong: ReadonlyArray<readonly [string, Uint8Array]> = [
        ['another database', another.serialize()],
        ['nothing', new Uint8Array()],
        ['text', new TextEncoder().encode('nothing of that kind'.repeat(500))],
        ['half of a log', whole.slice(0, Math.floor(whole.length / 2 / 4096) * 4096)],
      ]
      for (const [what, bytes] of wrong) {
        await failureTag(importStore({ adapter, storeId: place.storeId, bytes }), `importing ${what}`)
      }
      another.close()
      await client.close()
      const fresh = await place.open()
      equal((await fresh.report()).entries, 0, 'entries')
      await fresh.commit({ ids: ['1'] })
      await fresh.persisted()
      await fresh.close()
    },
  },
  {
    name: 'files of a newer format are refused, untouched; no lock is left and the right version opens them',
    needs: ['persist', 'newerFormat'],
    run: async (place) => {
      const session = await place.open()
      await session.commit({ ids: idsOf('a', 5) })
      const { term } = await session.report()
      await session.close()
      const undo = await method(place.under.setNewerFormat, 'newerFormat')(place.storeId)
      for (let attempt = 0; attempt < 3; attempt++) {
        equal(await failureTag(place.open(), 'opening files of a newer format'), 'FormatUnsupported', 'failure')
        await place.untilUnled()
      }
      await undo()
      const again = await place.open()
      equal(await again.ids(), idsOf('a', 5), 'entries')
      isTrue((await again.report()).term > term, laterTerm)
    },
  },
]

/** Not the very next one: where the machine is busy a leader that is not sure of its lock for a moment leads anew. */
const laterTerm = 'a term behind the last one'

/** Refusals are typed: an app tells them apart by their tag. */
const isNamed = (tag: string): void =>
  isTrue(!['Error', 'TypeError', 'unknown'].includes(tag), `a typed error, not ${tag}`)
