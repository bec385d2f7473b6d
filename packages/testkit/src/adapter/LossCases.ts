/** Leaders that die, hang and come back. */
import { equal, isTrue } from '../Assert.ts'
import { type AdapterCase, type CasePlace, expectSame, idsOf, method, within } from './AdapterUnderTest.ts'
import type { SessionUnderTest } from './SessionUnderTest.ts'

const termOf = async (session: SessionUnderTest): Promise<number> => (await session.report()).term

/** Until every session has a leader of at least that term and nothing pending. */
const untilTaken = (sessions: ReadonlyArray<SessionUnderTest>, term: number, entries: number): Promise<unknown> =>
  Promise.all(sessions.map((session) => session.until({ term, entries, pending: 0 })))

const expectOnce = (ids: ReadonlyArray<string>, count: number): void => {
  equal(ids.length, count, 'entries')
  equal(new Set(ids).size, count, 'different entries')
}

/** The leader is lost by `lose`, with commits before, during and behind it; afterwards everything is there once. */
const surviveLoss = async (
  place: CasePlace,
  sessions: ReadonlyArray<SessionUnderTest>,
  lose: () => Promise<void>,
): Promise<void> => {
  const term = await termOf(sessions[0]!)
  const before = (await sessions[0]!.report()).entries
  await Promise.all(sessions.map((session, i) => session.commit({ ids: idsOf(`before ${i}`, 50) })))
  await Promise.all(sessions.map((session) => session.persisted()))
  await Promise.all(sessions.map((session, i) => session.commit({ ids: idsOf(`under way ${i}`, 200) })))
  await lose()
  await Promise.all(sessions.map((session, i) => session.commit({ ids: idsOf(`while nobody leads ${i}`, 50) })))
  const entries = before + sessions.length * 300
  await untilTaken(sessions, term + 1, entries)
  await within(
    place.under.takeoverWithinMs,
    Promise.all(sessions.map((session) => session.persisted())),
    'every receipt says that it is persisted',
  )
  await expectSame(sessions)
  expectOnce(await sessions[0]!.ids(), entries)
}

export const lossCases: ReadonlyArray<AdapterCase> = [
  {
    name: 'a leader that is killed is replaced: sessions are told, nothing persisted is lost, pending is sent again',
    needs: ['share', 'killLeader'],
    run: async (place) => {
      const sessions = [await place.open(), await place.open(), await place.open()]
      await surviveLoss(place, sessions, () => method(place.under.killLeader, 'killLeader')(place.storeId))
      for (const session of sessions) isTrue((await session.report()).lost > 0, 'every session to be told of the loss')
    },
  },
  {
    name: 'a leader that is killed again and again while pushes and the backend are under way: every receipt settles, each event once',
    needs: ['share', 'killLeader'],
    run: async (place) => {
      const { backend } = place
      const sessions = [await place.open({ backend }), await place.open({ backend })]
      const rounds = 6
      for (let round = 0; round < rounds; round++) {
        const term = await termOf(sessions[0]!)
        for (const [i, session] of sessions.entries()) {
          await session.commit({ ids: idsOf(`${round} ${i} first`, 40), bytes: 2000 })
          // From the second round on some of it is on its way to the leader, some at the backend.
          if (round % 2 === 0) await session.commit({ ids: idsOf(`${round} ${i} then`, 1), bytes: 500_000 })
        }
        if (round % 3 === 1) await sessions[0]!.persisted()
        await method(place.under.killLeader, 'killLeader')(place.storeId)
        await Promise.all(sessions.map((session) => session.until({ term: term + 1 })))
      }
      const committed = sessions.length * (rounds * 40 + rounds / 2)
      await Promise.all(sessions.map((session) => session.until({ entries: committed, pending: 0, isSynced: true })))
      const settled = await Promise.all(sessions.map((session) => session.confirmed()))
      equal(
        settled.reduce((a, b) => a + b),
        committed,
        'settled receipts',
      )
      await expectSame(sessions)
      const log = backend.log(place.storeId)
      expectOnce(
        log.map(({ id }) => id),
        committed,
      )
      console.log(`PROOF adapterLeaderKills=${rounds} committed=${committed} settled=${log.length}`)
    },
  },
  {
    name: 'close() waits for the next leader where the last one took what was committed with it',
    needs: ['persist', 'killLeader'],
    run: async (place) => {
      const session = await place.open()
      await session.commit({ ids: idsOf('before', 10) })
      await session.persisted()
      await method(place.under.killLeader, 'killLeader')(place.storeId)
      await session.commit({ ids: idsOf('behind', 10) })
      await session.close()
      await place.expectUnled()
      const again = await place.open()
      equal(await again.ids(), [...idsOf('before', 10), ...idsOf('behind', 10)], 'entries')
    },
  },
  {
    name: 'a leader that hangs is noticed and replaced within the bound; commits go on in memory and are stored then',
    needs: ['share', 'hangLeader'],
    run: async (place) => {
      const sessions = [await place.open(), await place.open()]
      await surviveLoss(place, sessions, () => method(place.under.hangLeader, 'hangLeader')(place.storeId))
      for (const session of sessions) isTrue((await session.report()).lost > 0, 'every session to be told of the loss')
    },
  },
  {
    name: 'the thread, process or tab that brought the leader is killed: another one leads, nothing persisted is lost',
    needs: ['share', 'elsewhere'],
    run: async (place) => {
      const owner = await place.elsewhere()
      const gone = await place.openIn(owner)
      const other = await place.openIn(await place.elsewhere())
      const here = await place.open()
      await gone.commit({ ids: idsOf('gone', 20) })
      await gone.persisted()
      await Promise.all([here.until({ entries: 20 }), other.until({ entries: 20 })])
      await surviveLoss(place, [here, other], () => owner.kill())
    },
  },
  {
    name: 'a leader that was frozen while another one took over writes nothing when it thaws; its sessions find the new one',
    needs: ['share', 'elsewhere', 'freezeLeader'],
    run: async (place) => {
      const behind = await place.openIn(await place.elsewhere())
      const { term } = await behind.report()
      const here = await place.open()
      await behind.commit({ ids: idsOf('before', 10) })
      await Promise.all([behind, here].map((session) => session.until({ entries: 10, pending: 0 })))
      const thaw = await method(place.under.freezeLeader, 'freezeLeader')(place.storeId)
      // What its own session sends it now is what it will find when it thaws.
      await behind.commit({ ids: idsOf('to the frozen one', 10) })
      await here.commit({ ids: idsOf('to the new one', 10) })
      await here.until({ term: term + 1, pending: 0 })
      const [taken, newTerm] = [await here.ids(), await termOf(here)]
      await thaw()
      await behind.until({ term: newTerm, entries: 30, pending: 0 })
      await here.until({ entries: 30 })
      await expectSame([behind, here])
      const ids = await here.ids()
      expectOnce(ids, 30)
      equal(ids.slice(0, taken.length), taken, 'what the new leader had stored')
      equal(await termOf(here), newTerm, 'term')
      await behind.close()
      await here.close()
      await place.untilUnled()
      const again = await place.open()
      equal(await again.ids(), ids, 'entries')
      equal(await termOf(again), term + 2, 'term')
    },
  },
]
