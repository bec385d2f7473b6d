import { selected, todoCreated, todoDeleted, todoRenamed } from '../../../packages/adapter-node/test/Todos.ts'
import type { AnomalyWorld } from './AnomalyWorld.ts'

/** Something a client does that writes. */
export interface WritePath {
  /** Ends with a store that is open, or with none for a path that opens one. No fault hits it. */
  readonly before: (world: AnomalyWorld) => Promise<void>
  readonly run: (world: AnomalyWorld) => Promise<unknown>
}

const created = (id: string, text = id) => todoCreated({ id, text })

const opened = async (world: AnomalyWorld): Promise<void> => {
  await world.start()
  await world.synced()
}

const local = async (world: AnomalyWorld): Promise<void> => {
  world.hasBackend = false
  await opened(world)
}

/** One settled event, off line, and behind it what is pending: synced and client-only events, a group. */
const pending = async (world: AnomalyWorld): Promise<void> => {
  await opened(world)
  world.commit(created('settled'))
  await world.synced()
  world.setOnline(false)
  world.commit(created('A'), selected({ id: 'c', n: 1 }))
  world.commit(todoRenamed({ id: 'settled', text: 'mine' }), created('B'))
  await world.commit(selected({ id: 'd', n: 2 })).persisted
}

const refusing = (world: AnomalyWorld): void =>
  world.backend.setValidator((event) => (event.argsJson.includes('forbidden') ? 'not allowed' : undefined))

const online = async (world: AnomalyWorld): Promise<void> => {
  world.setOnline(true)
  await world.store.retrySync()
  await world.synced()
}

/** The log behind the address is another one now, and the client has noticed. */
const replaced = async (world: AnomalyWorld): Promise<void> => {
  await pending(world)
  world.backend.replaceLog('demo')
  world.confirmed.clear()
  await world.foreign(['todoCreated', { id: 'x', text: 'theirs' }])
  world.setOnline(true)
  await world.store.retrySync()
  await world.store.until(({ backend }) => backend.connection === 'stopped')
}

export const writePaths: Readonly<Record<string, WritePath>> = {
  open: {
    before: () => Promise.resolve(),
    run: opened,
  },
  commit: {
    before: local,
    run: async (world) => {
      await world.commit(created('1'), selected({ id: 'c', n: 1 })).persisted
      await world.commit(todoRenamed({ id: '1', text: 'again' })).persisted
    },
  },
  'commit-batch': {
    before: local,
    run: async (world) => {
      const big = Array.from({ length: 40 }, (_, i) => created(`big-${i}`, 'x'.repeat(2000)))
      world.commit(...big)
      for (let i = 0; i < 20; i++) world.commit(created(`one-${i}`, 'y'.repeat(500)))
      await world.commit(created('last')).persisted
    },
  },
  push: {
    before: opened,
    run: async (world) => {
      await world.commit(created('1'), selected({ id: 'c', n: 1 }), created('2')).confirmed
      await world.commit(todoDeleted({ id: '1' })).confirmed
      await world.synced()
    },
  },
  pull: {
    before: opened,
    run: async (world) => {
      await world.foreign(
        ['todoCreated', { id: 'x', text: 'x' }],
        ['todoRenamed', { id: 'x', text: 'y' }],
        ...Array.from({ length: 30 }, (_, i) => ['todoCreated', { id: `z${i}`, text: 'z'.repeat(300) }] as const),
      )
      await world.synced()
    },
  },
  rebase: {
    before: pending,
    run: async (world) => {
      await world.foreign(
        ['todoCreated', { id: 'A', text: 'theirs' }],
        ['todoRenamed', { id: 'settled', text: 'theirs' }],
      )
      await online(world)
    },
  },
  refusal: {
    before: async (world) => {
      refusing(world)
      await pending(world)
      world.commit(created('forbidden'), created('with it'), selected({ id: 'e', n: 3 }))
      await world.commit(created('C'), selected({ id: 'f', n: 4 })).persisted
    },
    run: online,
  },
  dismiss: {
    before: async (world) => {
      refusing(world)
      await opened(world)
      await world.commit(created('forbidden')).confirmed.catch(() => undefined)
      await world.synced()
    },
    run: async (world) => {
      const [row] = await world.store.rejected.list()
      await world.store.rejected.dismiss(row!.event.id)
    },
  },
  're-push': {
    before: replaced,
    run: async (world) => {
      await world.store.resolveHistory('re-push')
      await world.synced()
    },
  },
  reset: {
    before: async (world) => {
      await replaced(world)
      // The app gives up what it had; whether it happens is up to the fault.
      world.persisted.clear()
    },
    run: async (world) => {
      await world.store.resolveHistory('reset')
      await world.synced()
    },
  },
  attach: {
    before: async (world) => {
      await local(world)
      world.commit(created('1'), selected({ id: 'c', n: 1 }))
      await world.commit(created('2')).persisted
      await world.close()
      world.hasBackend = true
      await world.foreign(['todoCreated', { id: '1', text: 'theirs' }])
    },
    run: opened,
  },
  salvage: {
    before: async (world) => {
      await opened(world)
      for (let i = 0; i < 12; i++) world.commit(created(`s${i}`, `settled-${i} ${'x'.repeat(600)}`))
      await world.synced()
      // Nobody else has these: a salvage that skips a row that can be read loses it.
      world.setOnline(false)
      world.commit(created('A'), selected({ id: 'c', n: 1 }), selected({ id: 'd', n: 2 }))
      world.commit(created('B'), selected({ id: 'e', n: 3 }))
      await world.commit(created('C', 'z'.repeat(4000)), created('D')).persisted
      await world.close()
      world.device.spoilEventlog('settled-2 ')
      world.setOnline(true)
    },
    run: opened,
  },
  rebuild: {
    before: async (world) => {
      await pending(world)
      await world.close()
      world.device.removeState()
      world.setOnline(true)
    },
    run: opened,
  },
  export: {
    before: pending,
    run: (world) => world.store.export(),
  },
  close: {
    before: pending,
    run: (world) => world.close(),
  },
  reopen: {
    before: async (world) => {
      await pending(world)
      await world.close()
      await world.foreign(['todoCreated', { id: 'x', text: 'x' }])
      world.setOnline(true)
    },
    run: opened,
  },
}
