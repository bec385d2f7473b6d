/**
 * Every write path of a leader, killed before and after each of its writing statements on either database and between
 * the steps that replace a file; after each kill the files are opened again, synced, and P1 to P4 must hold.
 */
import { readFileSync, writeFileSync, rmSync } from 'node:fs'
import { Crashed } from '@headwater/testkit'
import { afterAll, expect, test } from 'vitest'
import { openBetterSqlite } from '../src/index.ts'
import { CrashWorld } from './CrashWorld.ts'
import { selected, todoCreated, todoDeleted, todoRenamed } from './Todos.ts'

interface WritePath {
  /** What must have happened before; not killed. Ends with a running process, or with none for paths that start one. */
  readonly before: (world: CrashWorld) => Promise<void>
  /** The path itself. A process that is running is armed already. */
  readonly run: (world: CrashWorld) => Promise<void>
  /** Starts its own process, killed from its first statement on. */
  readonly starts?: boolean
  /** A statement that the path is known by: it must be among the points. */
  readonly passes: RegExp
}

const created = (id: string, text = id) => todoCreated({ id, text })

/** Pending e1 A, e1.1 c, e2 B, a group of two, and another device's events in the backend. */
const pendingAndForeign = async (world: CrashWorld): Promise<void> => {
  await world.start()
  await world.synced()
  world.commit(created('settled'))
  await world.synced()
  world.setOnline(false)
  world.commit(created('A'), selected({ id: 'c', n: 1 }))
  world.commit(todoRenamed({ id: 'settled', text: 'mine' }), created('B'))
  await world.alive(world.commit(selected({ id: 'd', n: 2 })).persisted)
}

const paths: Readonly<Record<string, WritePath>> = {
  commit: {
    before: async (world) => {
      world.hasBackend = false
      await world.start()
      await world.synced()
    },
    run: async (world) => {
      await world.alive(world.commit(created('1'), selected({ id: 'c', n: 1 })).persisted)
      await world.alive(world.commit(todoRenamed({ id: '1', text: 'again' })).persisted)
      await world.synced()
    },
    passes: /INSERT INTO eventlog/u,
  },
  'commit, push, settle, trim': {
    before: async (world) => {
      await world.start()
      await world.synced()
    },
    run: async (world) => {
      const receipt = world.commit(created('1'), selected({ id: 'c', n: 1 }), created('2'))
      await world.alive(receipt.confirmed)
      await world.alive(world.commit(todoDeleted({ id: '1' })).confirmed)
      await world.synced()
    },
    passes: /DELETE FROM __headwater_session_changeset/u,
  },
  'advance over a page': {
    before: async (world) => {
      await world.start()
      await world.synced()
      world.setOnline(false)
    },
    run: async (world) => {
      await world.foreign(
        ['todoCreated', { id: 'x', text: 'x' }],
        ['todoRenamed', { id: 'x', text: 'y' }],
        ['todoCreated', { id: 'z', text: 'z' }],
      )
      world.setOnline(true)
      await world.synced()
    },
    passes: /eventlog COMMIT/u,
  },
  rebase: {
    before: pendingAndForeign,
    run: async (world) => {
      await world.foreign(
        ['todoCreated', { id: 'A', text: 'theirs' }],
        ['todoRenamed', { id: 'settled', text: 'theirs' }],
      )
      world.setOnline(true)
      await world.alive(world.store.retrySync())
      await world.synced()
    },
    passes: /eventlog DELETE FROM eventlog/u,
  },
  refusal: {
    before: async (world) => {
      world.backend.setValidator((event) => (event.argsJson.includes('forbidden') ? 'not allowed' : undefined))
      await pendingAndForeign(world)
      world.commit(created('forbidden'), created('with it'), selected({ id: 'e', n: 3 }))
      await world.alive(world.commit(created('C'), selected({ id: 'f', n: 4 })).persisted)
    },
    run: async (world) => {
      world.setOnline(true)
      await world.alive(world.store.retrySync())
      await world.synced()
    },
    passes: /INSERT INTO __headwater_rejected/u,
  },
  reinstatement: {
    before: async (world) => {
      world.backend.setValidator((event) => (event.argsJson.includes('forbidden') ? 'not allowed' : undefined))
      await world.start()
      await world.synced()
      const receipt = world.commit(created('forbidden'))
      await expect(world.alive(receipt.confirmed)).rejects.toThrow('not allowed')
      await world.alive(world.commit(created('1')).confirmed)
      await world.synced()
    },
    run: async (world) => {
      // The refusal was a mistake of one server; another one had accepted it.
      world.backend.setValidator(() => undefined)
      const [row] = await world.alive(world.store.rejected.list())
      const last = world.backend.log('demo').at(-1)!
      const { id, name, argsJson, clientId, sessionId, createdAt } = row!.event
      await world.append([
        {
          global: last.global + 1,
          parentGlobal: last.global,
          parentId: last.id,
          id,
          name,
          argsJson,
          clientId,
          sessionId,
          createdAt,
        },
      ])
      await world.synced()
    },
    passes: /DELETE FROM __headwater_rejected/u,
  },
  collision: {
    before: pendingAndForeign,
    run: async (world) => {
      const stolen = [...world.persisted].find((id) => world.backend.log('demo').every((event) => event.id !== id))
      await world.foreign(['todoCreated', { id: 'thief', text: 'of an id' }, stolen])
      world.setOnline(true)
      await world.alive(world.store.retrySync())
      await world.synced()
    },
    passes: /eventlog COMMIT/u,
  },
  'dismiss a dead letter': {
    before: async (world) => {
      world.backend.setValidator((event) => (event.argsJson.includes('forbidden') ? 'not allowed' : undefined))
      await world.start()
      await expect(world.alive(world.commit(created('forbidden')).confirmed)).rejects.toThrow('not allowed')
      await world.synced()
    },
    run: async (world) => {
      const [row] = await world.alive(world.store.rejected.list())
      await world.alive(world.store.rejected.dismiss(row!.event.id))
    },
    passes: /UPDATE __headwater_rejected/u,
  },
  'attach to a backend that has a log': {
    before: async (world) => {
      world.hasBackend = false
      await world.start()
      world.commit(created('1'), selected({ id: 'c', n: 1 }))
      world.commit(created('2'))
      await world.synced()
      await world.close()
      world.hasBackend = true
      await world.foreign(['todoCreated', { id: '1', text: 'theirs' }], ['todoCreated', { id: '3', text: 'theirs' }])
    },
    starts: true,
    run: (world) => world.synced(),
    passes: /eventlog DELETE FROM eventlog/u,
  },
  'take-over after a kill': {
    before: async (world) => {
      await pendingAndForeign(world)
      await world.die()
      await world.foreign(['todoCreated', { id: 'x', text: 'x' }])
      world.setOnline(true)
    },
    starts: true,
    run: (world) => world.synced(),
    passes: /state UPDATE __headwater_state_head SET term/u,
  },
  'first start': {
    before: () => Promise.resolve(),
    starts: true,
    run: async (world) => {
      await world.alive(world.commit(created('1')).confirmed)
      await world.synced()
    },
    passes: /eventlog BEGIN IMMEDIATE; CREATE TABLE eventlog/u,
  },
  'rebuild of a missing state': {
    before: async (world) => {
      await pendingAndForeign(world)
      await world.die()
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${world.files.state}${suffix}`, { force: true })
      world.setOnline(true)
    },
    starts: true,
    run: (world) => world.synced(),
    passes: /after the old state is removed/u,
  },
  'image of a session instead of a state that does not fit': {
    before: async (world) => {
      await pendingAndForeign(world)
      // Somebody else has been at the file: the inverse of A is not exact any more.
      const state = openBetterSqlite({ path: world.files.state })
      state.exec("DELETE FROM todos WHERE id = 'A'")
      state.close()
    },
    run: async (world) => {
      await world.foreign(['todoCreated', { id: 'x', text: 'x' }])
      world.setOnline(true)
      await world.alive(world.store.retrySync())
      await world.synced()
    },
    passes: /state BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS __headwater_stat/u,
  },
  'salvage of a corrupt eventlog': {
    before: async (world) => {
      await world.start()
      for (let i = 0; i < 12; i++) world.commit(created(`s${i}`, `settled-${i} ${'x'.repeat(600)}`))
      await world.synced()
      world.setOnline(false)
      world.commit(created('A'), selected({ id: 'c', n: 1 }))
      await world.alive(world.commit(created('B')).persisted)
      await world.close()
      spoilPageWith(world.files.eventlog, 'settled-2 ')
      world.setOnline(true)
    },
    starts: true,
    run: (world) => world.synced(),
    passes: /after the eventlog is set aside/u,
  },
  're-push to another backend log': {
    before: async (world) => {
      await pendingAndForeign(world)
      world.backend.replaceLog('demo')
      world.confirmed.clear()
      world.setOnline(true)
      await world.alive(world.store.retrySync())
      await world.alive(world.store.until(({ backend }) => backend.connection === 'stopped'))
    },
    run: async (world) => {
      await world.alive(world.store.resolveHistory('re-push'))
      await world.synced()
    },
    passes: /UPDATE __headwater_sync_status/u,
  },
}

/** Overwrites the header of the page that a row with this text is on; rows behind it stay readable. */
const spoilPageWith = (path: string, text: string): void => {
  const bytes = readFileSync(path)
  const leaf = 0x0a
  // A page that was split long ago may hold a stale copy: look for the one that makes a difference.
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    const page = Math.floor(at / 4096) * 4096
    if (bytes[page] !== leaf) continue
    writeFileSync(path, Buffer.from(bytes).fill(0xee, page, page + 200))
    const spoiled = openBetterSqlite({ path })
    const count = (where: string): number =>
      Number(spoiled.prepare(`SELECT count(argsJson || '') FROM eventlog WHERE ${where}`).get()?.[0])
    try {
      const behind = count('seqNumGlobal > 12')
      expect(() => count('true')).toThrow(expect.objectContaining({ reason: 'Corrupt' }))
      expect(behind).toBe(3)
      return
    } catch {
      // Not this one.
    } finally {
      spoiled.close()
    }
  }
  throw new Error(`no page with ${text} in ${path}`)
}

let killPoints = 0
const pointNames = new Set<string>()
afterAll(() =>
  process.stdout.write(
    `PROOF kill_points=${killPoints} write_paths=${Object.keys(paths).length} kill_point_names=${pointNames.size}\n`,
  ),
)

/** One kill at point `n`; the name of the point, or `null` if the path came through. */
const killAt = async (path: WritePath, n: number, seen: Array<string>): Promise<string | null> => {
  const world = new CrashWorld()
  let where = 'before the path'
  try {
    await within(path.before(world), 'before the path')
    try {
      if (path.starts === true) await within(world.start(n), 'the start')
      else world.plan.arm(n)
      await within(path.run(world), 'the path')
      // Disarmed before the checks, which only read.
      world.plan.arm(Number.POSITIVE_INFINITY)
      world.check()
      return null
    } catch (error) {
      if (!(error instanceof Crashed)) throw error
    }
    where = world.plan.crashedAt ?? ''
    seen.push(where)
    await world.die()
    world.setOnline(true)
    await within(world.start(), 'the reopening')
    const { backend } = await within(
      world.store.until((status) => !world.hasBackend || status.isSynced || status.backend.connection === 'stopped'),
      'contact',
    )
    if (backend.connection === 'stopped') await world.store.resolveHistory('re-push')
    await within(world.synced(), 'syncing again')
    world.check()
    return where
  } catch (error) {
    throw new Error(`killed at point ${n} (${where}): ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  } finally {
    await world.dispose()
  }
}

/** Bounds what never ends: a busy machine is slow, not wrong. **Units** ms. */
const patienceMs = 15_000

const within = async <A>(promise: Promise<A>, what: string): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${patienceMs} ms`)), patienceMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** For people: one path, or one point of it. `HEADWATER_CRASH='rebase' HEADWATER_CRASH_AT=17` */
const { HEADWATER_CRASH: onlyPath, HEADWATER_CRASH_AT: onlyPoint } = process.env

for (const [name, path] of Object.entries(paths)) {
  if (onlyPath !== undefined && onlyPath !== name) continue
  test(`${name}: killed at every point, nothing is lost`, { timeout: 60_000 }, async () => {
    const seen: Array<string> = []
    for (let n = Number(onlyPoint ?? 1); ; n++) {
      const point = await killAt(path, n, seen)
      if (point === null) break
      pointNames.add(point)
      killPoints++
      if (onlyPoint !== undefined) return
    }
    expect(
      seen.some((point) => path.passes.test(point)),
      `${String(path.passes)} is none of ${seen.join(', ')}`,
    ).toBe(true)
  })
}
