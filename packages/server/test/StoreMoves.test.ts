import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type LogStorage, postgresLogStorage, verifyLogs } from '@headwater/server'
import { seededRandom } from '@headwater/testkit/node'
import { type PostgresFixture, postgresFixture } from '@headwater/testkit/postgres'
import type { BackendEvent } from '@headwater/core/backend'
import * as Effect from 'effect/Effect'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { MoveReplaced } from '../src/PostgresMoves.ts'
import { MoveRefused, moveStore, undoMove } from '../src/StoreMove.ts'
import { chain, endOf, openStore } from './LogStorageSuite.ts'
import { type MoveFixture, copiesOf, databaseAt, idsOf, moveFixture, withDatabases } from './MoveFixture.ts'
import { root } from './Requests.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const run = Effect.runPromise

let postgres: PostgresFixture
let fixture: MoveFixture
let schema = ''
let storage: LogStorage
beforeAll(async () => {
  postgres = await postgresFixture()
  fixture = await moveFixture(postgres, 2)
  schema = fixture.newSchema()
  storage = await postgresLogStorage({ url: fixture.urls, schema, connections: 4 })
})
afterAll(async () => {
  await run(storage.close)
  await postgres.close()
})

const processFile = fileURLToPath(new URL('MoveProcess.ts', import.meta.url))

/** Moves a store and is killed behind its nth step. The answer is the steps it has done. */
const killedMove = async (storeId: string, target: string, nth: number): Promise<ReadonlyArray<string>> => {
  const child = spawn(process.execPath, [processFile, fixture.urls.join(','), schema, storeId, target, String(nth)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [steps, [, signal]] = await Promise.all([text(child.stdout), once(child, 'close')])
  const done = steps.trim().split('\n')
  expect([signal, done.length]).toEqual(['SIGKILL', nth])
  return done
}

/** Where the store is and where it is not. */
const endsOf = async (storeId: string): Promise<readonly [source: string, target: string]> => {
  const { here } = await copiesOf(fixture.urls, schema, storeId)
  const source = fixture.urls.find((url) => url.endsWith(`/${here[0]}`)) ?? ''
  return [source, fixture.urls.find((url) => url !== source) ?? '']
}

/** As a client does: fails only as what may be tried again. */
const appendAgain = async (
  store: Awaited<ReturnType<typeof openStore>>,
  events: ReadonlyArray<BackendEvent>,
  principalId: string | null = null,
) => {
  for (;;) {
    try {
      return await store.append(events, principalId)
    } catch {
      // The server could not: it asks again.
    }
  }
}

/** More than two pages, so that a copy has several steps; events of two clients, bound to two principals. */
const longLog = (): Array<BackendEvent> => chain(root, 2_300, (index) => ({ clientId: index % 2 === 0 ? 'a' : 'b' }))

const pushInBatches = async (store: Awaited<ReturnType<typeof openStore>>, events: ReadonlyArray<BackendEvent>) => {
  for (let at = 0; at < events.length; at += 1_000)
    expect(await store.append(events.slice(at, at + 1_000), 'anna')).toMatchObject({ _tag: 'Accepted' })
}

const steps = ['announce', 'arrive', 'copy', 'copy', 'copy', 'lock', 'tail', 'leave', 'open', 'note', 'tell', 'clear']
const committed = steps.indexOf('leave') + 1

test('killed between any two steps: servers go on at once, and the move is resumed or undone; nothing lost, nothing twice', async () => {
  const kills = (['resumed', 'undone'] as const).flatMap((fate) =>
    // Behind the commit nothing can be undone, whatever the step: one says so.
    steps.slice(0, fate === 'undone' ? committed : undefined).map((_, index) => ({ nth: index + 1, fate })),
  )
  let events = 0
  const one = async ({ nth, fate }: (typeof kills)[number]): Promise<void> => {
    const storeId = `killed-${nth}-${fate}`
    const store = await openStore(storage, storeId)
    const log = longLog()
    await pushInBatches(store, log)
    const [source, target] = await endsOf(storeId)
    const before = await copiesOf(fixture.urls, schema, storeId)
    expect(await killedMove(storeId, target, nth)).toEqual(steps.slice(0, nth))
    // Whatever is under way: the store takes appends at once, from a server that remembers the source and from a new one.
    const next = chain(endOf(log), 2, () => ({ clientId: 'a' }))
    expect([storeId, await appendAgain(store, next, 'bert')]).toMatchObject([storeId, { _tag: 'ClientBound' }])
    const mine = chain(endOf(log), 2)
    expect([storeId, await appendAgain(store, mine)]).toMatchObject([storeId, { _tag: 'Accepted', appended: 2 }])
    const isGone = nth >= committed
    await withDatabases(fixture.urls, schema, async (databases) => {
      if (fate === 'resumed') await moveStore(databases, storeId, databaseAt(databases, target))
      else if (isGone) await expect(undoMove(databases, storeId)).rejects.toThrow(/no move of .* can be undone/)
      else await undoMove(databases, storeId)
      await databases.placements.of(storeId)
    })
    const after = await copiesOf(fixture.urls, schema, storeId)
    const home = fate === 'resumed' || isGone ? target : source
    expect([storeId, after.here]).toEqual([storeId, [new URL(home).pathname.slice(1)]])
    expect(after.ids).toEqual(idsOf([...log, ...mine]))
    expect(after.marks.slice(0, log.length)).toEqual(before.marks)
    // What an undone move has copied is gone, and what a resumed one has left behind.
    if (fate === 'resumed' || !isGone) expect([storeId, Object.keys(after.events)]).toEqual([storeId, after.here])
    events += after.ids.length
  }
  // As many at once as there are cores, and one more.
  const queue = kills.values()
  await Promise.all(
    [0, 1, 2].map(async () => {
      for (const kill of queue) await one(kill)
    }),
  )
  expect((await run(verifyLogs(storage))).faults).toEqual([])
  console.log(`PROOF move_kills=${kills.length} events_compared=${events} lost=0 twice=0`)
})

test('a move that hangs at any step while another takes over, or it is undone, does no harm when it goes on', async () => {
  let replaced = 0
  for (const [index, held] of steps.slice(0, committed - 1).entries()) {
    if (held === steps[index - 1]) continue
    // From the lock on the row is held: who wants to take over waits for the commit, and an undo is seen by it.
    const isLocked = held === 'lock' || held === 'tail'
    for (const rival of isLocked ? (['undo'] as const) : (['move', 'undo'] as const)) {
      const storeId = `held-${held}-${rival}`
      const store = await openStore(storage, storeId)
      const log = longLog()
      await pushInBatches(store, log)
      const [source, target] = await endsOf(storeId)
      await withDatabases(fixture.urls, schema, async (databases) => {
        const to = databaseAt(databases, target)
        const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
        const first = moveStore(databases, storeId, to, {
          onStep: (step) => {
            if (step !== held) return undefined
            reached.resolve()
            return goOn.promise
          },
        })
        const outcome = first.then(
          () => 'moved',
          (error: unknown) => error,
        )
        await reached.promise
        if (rival === 'move') await moveStore(databases, storeId, to)
        else await undoMove(databases, storeId)
        goOn.resolve()
        expect([storeId, await outcome]).toMatchObject([
          storeId,
          { _tag: expect.stringMatching(/MoveReplaced|MoveRefused/) },
        ])
        replaced += 1
      })
      const more = chain(endOf(log), 1)
      expect(await appendAgain(store, more)).toMatchObject({ _tag: 'Accepted' })
      const copies = await copiesOf(fixture.urls, schema, storeId)
      const home = rival === 'move' ? target : source
      expect([storeId, copies.here, copies.ids.length]).toEqual([storeId, [new URL(home).pathname.slice(1)], 2_301])
      expect(Object.keys(copies.events)).toEqual(copies.here)
    }
  }
  console.log(`PROOF moves_replaced=${replaced}`)
})

test('what cannot be moved is refused, with what to do', async () => {
  await openStore(storage, 'refused')
  const [source, target] = await endsOf('refused')
  await withDatabases(fixture.urls, schema, async (databases) => {
    const to = databaseAt(databases, target)
    await expect(moveStore(databases, 'nobody', to)).rejects.toThrow(/there is no store nobody/)
    await expect(undoMove(databases, 'refused')).rejects.toThrow(/no move of refused can be undone; it is in/)
    // Where it is already there is nothing to do.
    expect(await moveStore(databases, 'refused', databaseAt(databases, source))).toMatchObject({
      events: 0,
      lockedMs: 0,
    })
    const { placements } = databases
    const { database } = await placements.of('refused')
    await database.moves.announce({ storeId: 'refused', moveId: 'm', otherId: 'elsewhere' })
    await expect(moveStore(databases, 'refused', to)).rejects.toThrow(/elsewhere/)
  })
})

/** One seed: appends, moves to and fro, undos, all cut at random steps, all at once. */
const chaos = async (
  seed: number,
): Promise<{ readonly cuts: number; readonly moves: number; readonly events: number }> => {
  const random = seededRandom(seed)
  const below = (n: number): number => Math.floor(random() * n)
  const storeId = `chaos-${seed}`
  const store = await openStore(storage, storeId)
  const acknowledged: Array<BackendEvent> = []
  let [cuts, moves, isEnded] = [0, 0, false]
  const append = async (): Promise<void> => {
    const events = chain(endOf(acknowledged), 1 + below(300))
    const answer = await appendAgain(store, events)
    expect([seed, answer._tag]).toEqual([seed, 'Accepted'])
    acknowledged.push(...events)
  }
  await withDatabases(fixture.urls, schema, async (databases) => {
    const writer = (async () => {
      while (!isEnded) await append()
    })()
    const mover = async (): Promise<void> => {
      for (let round = 0; round < 3; round += 1) {
        const cut = below(steps.length + 4)
        let done = 0
        const onStep = (): Promise<void> | void => {
          done += 1
          // As a kill does: nothing more comes of it, and a transaction is rolled back.
          if (done === cut) throw new Error('cut')
          return random() < 0.3 ? new Promise((resolve) => setTimeout(resolve, below(20))) : undefined
        }
        try {
          if (random() < 0.2) await undoMove(databases, storeId)
          else await moveStore(databases, storeId, databases.all[below(2)]!, { onStep })
          moves += 1
        } catch (error) {
          const isExpected = error instanceof MoveRefused || error instanceof MoveReplaced
          if (!isExpected && !(error instanceof Error && error.message === 'cut')) throw error
          cuts += 1
        }
      }
    }
    await Promise.all([mover(), mover()])
    isEnded = true
    await writer
    // What was cut last may still be on its way.
    await undoMove(databases, storeId).catch((error: unknown) => {
      if (!(error instanceof MoveRefused)) throw error
    })
    await moveStore(databases, storeId, databases.all[below(2)]!)
  })
  const copies = await copiesOf(fixture.urls, schema, storeId)
  expect([seed, copies.here.length, Object.keys(copies.events)]).toEqual([seed, 1, copies.here])
  expect([seed, copies.ids]).toEqual([seed, idsOf(acknowledged)])
  return { cuts, moves, events: acknowledged.length }
}

test('random moves, undos and cuts at once, while a client appends: the log is what was acknowledged', async () => {
  const first = Number(process.env['HEADWATER_SEED'] ?? 1)
  const seeds = Number(process.env['HEADWATER_MOVE_SEEDS'] ?? 6)
  const sum = { cuts: 0, moves: 0, events: 0 }
  for (let seed = first; seed < first + seeds; seed += 1) {
    const { cuts, moves, events } = await chaos(seed)
    sum.cuts += cuts
    sum.moves += moves
    sum.events += events
  }
  expect((await run(verifyLogs(storage))).faults).toEqual([])
  console.log(`PROOF move_seeds=${seeds} moves=${sum.moves} cut=${sum.cuts} events=${sum.events} lost=0 twice=0`)
})
