/** Several sessions, one leader, one log. */
import { equal, fail, isTrue } from '../Assert.ts'
import { type AdapterCase, type CasePlace, expectSame, failureTag, idsOf } from './AdapterUnderTest.ts'
import type { SessionUnderTest } from './SessionUnderTest.ts'

const untilAll = async (sessions: ReadonlyArray<SessionUnderTest>, entries: number): Promise<void> => {
  await Promise.all(sessions.map((session) => session.until({ entries, pending: 0 })))
}

const reports = (sessions: ReadonlyArray<SessionUnderTest>) => Promise.all(sessions.map((session) => session.report()))

const different = <A>(values: ReadonlyArray<A>): number => new Set(values).size

/** Sessions that open in the same moment, here and elsewhere. */
const openTogether = async (place: CasePlace, here: number, elsewhere: number): Promise<Array<SessionUnderTest>> => {
  const places = await Promise.all(Array.from({ length: elsewhere }, () => place.elsewhere()))
  return await Promise.all([
    ...Array.from({ length: here }, () => place.open()),
    ...places.map((other) => place.openIn(other)),
  ])
}

const shareOneLog = async (sessions: ReadonlyArray<SessionUnderTest>): Promise<void> => {
  const told = await reports(sessions)
  equal(different(told.map(({ term }) => term)), 1, 'different terms')
  equal(different(told.map(({ clientId }) => clientId)), 1, 'different client ids')
  equal(different(told.map(({ sessionId }) => sessionId)), sessions.length, 'different session ids')
  // All at once, and again while the first ones are under way.
  for (let round = 0; round < 5; round++)
    await Promise.all(sessions.map((session, i) => session.commit({ ids: idsOf(`session ${i} round ${round}`, 20) })))
  await Promise.all(sessions.map((session, i) => session.mark({ id: 'last', n: i })))
  for (const session of sessions) await session.persisted()
  // Marks cannot be counted on: the last event of all closes the log.
  await sessions[0]!.commit({ ids: ['the last one'] })
  const entries = sessions.length * 100 + 1
  await untilAll(sessions, entries)
  await expectSame(sessions)
  const ids = await sessions[0]!.ids()
  equal(different(ids), entries, 'different entries')
  for (const [i] of sessions.entries()) {
    const own = ids.filter((id) => id.startsWith(`session ${i} `))
    const made = Array.from({ length: 5 }, (_, round) => idsOf(`session ${i} round ${round}`, 20)).flat()
    equal(own, made, `order of the commits of session ${i}`)
  }
  equal(
    (await reports(sessions)).map(({ term }) => term),
    told.map(({ term }) => term),
    'terms',
  )
}

export const sharingCases: ReadonlyArray<AdapterCase> = [
  {
    name: 'commits persist, and a session alone closes',
    needs: [],
    run: async (place) => {
      const session = await place.open()
      await session.commit({ ids: idsOf('a', 10) })
      await session.mark({ id: 'm', n: 1 })
      equal(await session.persisted(), 11, 'persisted receipts')
      equal(await session.ids(), idsOf('a', 10), 'entries')
      await session.close()
      await session.close()
      await place.expectUnled()
    },
  },
  {
    name: 'sessions that open at the same time have one leader and one log, and end with equal tables',
    needs: ['share'],
    run: async (place) => shareOneLog(await openTogether(place, 4, 0)),
  },
  {
    name: 'sessions here and elsewhere that open at the same time have one leader and one log, and end with equal tables',
    needs: ['share', 'elsewhere'],
    run: async (place) => shareOneLog(await openTogether(place, 1, 2)),
  },
  {
    name: 'a session that opens later has what is persisted, at once',
    needs: ['share'],
    run: async (place) => {
      const first = await place.open()
      await first.commit({ ids: idsOf('a', 50) })
      await first.mark({ id: 'm', n: 7 })
      await first.persisted()
      const second = await place.open()
      equal((await second.report()).entries, 50, 'entries')
      await expectSame([first, second])
    },
  },
  {
    name: 'several megabytes in one go arrive whole, and small commits behind them in order',
    needs: [],
    run: async (place) => {
      const session = await place.open()
      await session.commit({ ids: idsOf('large', 6), bytes: 700_000 })
      await session.commit({ ids: idsOf('small', 20) })
      equal(await session.persisted(), 26, 'persisted receipts')
      equal(await session.ids(), [...idsOf('large', 6), ...idsOf('small', 20)], 'entries')
      if (!place.can('share')) return
      const second = await place.open()
      await untilAll([session, second], 26)
      await second.commit({ ids: idsOf('large again', 4), bytes: 900_000 })
      await untilAll([session, second], 30)
      await expectSame([session, second])
    },
  },
  {
    name: 'a session that closes leaves the others their leader; the last one to leave ends it',
    needs: ['share'],
    run: async (place) => {
      const sessions = await openTogether(place, 3, 0)
      const { term } = await sessions[0]!.report()
      for (const [i, session] of sessions.entries()) {
        await session.commit({ ids: [`${i}`] })
        await session.close()
        if (i === sessions.length - 1) break
        const next = sessions[i + 1]!
        await next.until({ entries: i + 1 })
        equal((await next.report()).term, term, 'term')
        equal((await next.report()).lost, 0, 'losses of the leader')
      }
      await place.expectUnled()
    },
  },
  {
    name: 'sessions with the same session id (a duplicated tab) both work, and close',
    needs: ['share'],
    run: async (place) => {
      const first = await place.open({ sameSessionAs: 'duplicated' })
      await first.commit({ ids: ['before'] })
      await first.persisted()
      const second = await place.open({ sameSessionAs: 'duplicated' })
      equal((await second.report()).sessionId, (await first.report()).sessionId, 'session ids')
      for (const [i, session] of [first, second, first, second].entries()) await session.commit({ ids: [`${i}`] })
      await untilAll([first, second], 5)
      await expectSame([first, second])
      await first.close()
      await second.commit({ ids: ['behind'] })
      equal(await second.persisted(), 3, 'persisted receipts')
      await second.close()
      await place.expectUnled()
    },
  },
  {
    name: 'a session with a newer schema takes the lead; the older one is SchemaOutdated, keeps its commits and closes',
    needs: ['share'],
    run: async (place) => {
      const old = await place.open()
      await old.commit({ ids: ['old'] })
      await old.persisted()
      const newer = await place.open({ version: 2 })
      await old.until({ connection: 'outdated' })
      equal((await old.report()).outdatedBy, 2, 'outdated by')
      await old.commit({ ids: ['from the old one'] })
      await newer.commit({ ids: ['from the newer one'] })
      await newer.until({ entries: 3, pending: 0 })
      equal(await old.persisted(), 2, 'persisted receipts of the older one')
      equal(await failureTag(place.open({ version: 1 }), 'opening with the older version'), 'SchemaOutdated', 'failure')
      await old.close()
      await newer.commit({ ids: ['alone'] })
      await newer.persisted()
      await newer.close()
      await place.expectUnled()
    },
  },
  {
    name: 'stores in one place do not see each other',
    needs: [],
    run: async (place) => {
      const storeIds = ['one', 'two', 'three']
      const sessions = await Promise.all(storeIds.map((storeId) => place.open({ storeId })))
      for (const [i, session] of sessions.entries()) await session.commit({ ids: idsOf(storeIds[i]!, 30) })
      for (const session of sessions) await session.persisted()
      for (const [i, session] of sessions.entries()) equal(await session.ids(), idsOf(storeIds[i]!, 30), storeIds[i]!)
      equal(different((await reports(sessions)).map(({ clientId }) => clientId)), 3, 'different client ids')
      await sessions[0]!.close()
      await sessions[1]!.commit({ ids: ['goes on'] })
      await sessions[1]!.persisted()
    },
  },
  {
    name: 'every valid store id is a store of its own: case, dashes, reserved names, 64 characters',
    needs: [],
    run: async (place) => {
      const storeIds = [...unusualStoreIds]
      for (const storeId of storeIds) {
        const session = await place.open({ storeId })
        const { entries } = await session.report()
        if (entries !== 0) fail(`"${storeId}" is the same store as "${(await session.ids())[0]}"`)
        await session.commit({ ids: [storeId] })
        await session.persisted()
        await session.close()
      }
      if (!place.can('persist')) return
      for (const storeId of storeIds) {
        const session = await place.open({ storeId })
        equal(await session.ids(), [storeId], `entries of "${storeId}"`)
        await session.close()
      }
    },
  },
  {
    name: 'a session that is killed leaves the others their store; what it had persisted is there',
    needs: ['share', 'elsewhere'],
    run: async (place) => {
      const here = await place.open()
      const other = await place.elsewhere()
      const killed = await place.openIn(other)
      await killed.commit({ ids: idsOf('persisted', 40) })
      await killed.persisted()
      await killed.commit({ ids: idsOf('maybe', 40), bytes: 10_000 })
      await other.kill()
      await here.until({ entries: 40, connection: 'connected' })
      await here.commit({ ids: ['goes on'] })
      await here.persisted()
      const ids = await here.ids()
      isTrue(
        idsOf('persisted', 40).every((id) => ids.includes(id)),
        'everything that was persisted to be there',
      )
      await here.close()
      // Whoever was killed is not waited for.
      await place.expectUnled()
    },
  },
  {
    name: 'the last session is killed: its leader ends, and the store opens again with what was persisted',
    needs: ['share', 'persist', 'elsewhere'],
    run: async (place) => {
      const other = await place.elsewhere()
      const killed = await place.openIn(other)
      await killed.commit({ ids: idsOf('a', 100) })
      await killed.persisted()
      await other.kill()
      await place.untilUnled()
      const here = await place.open()
      equal(await here.ids(), idsOf('a', 100), 'entries')
      await here.commit({ ids: ['goes on'] })
      await here.persisted()
    },
  },
]

/** All of them match `[A-Za-z0-9_-]{1,64}`. */
export const unusualStoreIds: ReadonlyArray<string> = [
  'Demo',
  'demo',
  'dEmO',
  '-',
  '_',
  '-rf',
  '0',
  'con',
  'NUL',
  '__proto__',
  'lock',
  'x'.repeat(64),
  'X'.repeat(64),
]
