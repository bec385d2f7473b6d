/** One session of a client of the simulation, and its way to the leader. */
import { createStore, type EventInput, type Receipt, type Store } from '@headwater/core'
import type {
  Adapter,
  LeaderClient,
  LeaderClientHandlers,
  LeaderMessage,
  LeaderPort,
  SessionMessage,
} from '@headwater/core/adapter'
import { SqliteError } from '@headwater/core/sqlite'
import type { Link, RunningLeader, SimulatedClient } from './SimulatedClient.ts'
import { items, simulatedSchemas } from './SimulatedSchema.ts'
import { SimulatedProcess } from './SimulatedProcess.ts'
import { type CommittedEvent, type SimulatedSession, storeId } from './SimulatedSession.ts'

/** Opens one. **Fails with** what `createStore` fails with. */
export const openSession = async (client: SimulatedClient): Promise<SimulatedSession> => {
  const { world, dice, name, onLog } = client.options
  const process = new SimulatedProcess({ world, dice: dice.fork(), log: onLog })
  const way = wayToLeader(client, process)
  const { version, backend } = client
  const die = (): void => {
    process.kill()
    way.disconnect(true)
  }
  client.opening.add(die)
  const store = await createStore({
    schema: simulatedSchemas[version],
    storeId,
    adapter: adapterOf(client, way.client),
    environment: process.environment,
    ...(backend === null ? {} : { backend }),
  }).finally(() => client.opening.delete(die))
  const live: SimulatedSession['live'] = { rows: undefined }
  listen(store, process, live)
  const session: SimulatedSession = {
    label: `${name}${client.sessions.length}`,
    store,
    process,
    version,
    committed: new Map(),
    hasBackend: backend !== null,
    live,
    reinstated: new Set(),
    commit: (events) => commit(session, events),
    kill: () => {
      session.isClosed = true
      session.isClosing = false
      client.record.killedSessions++
      die()
    },
    close: () => {
      session.isClosing = true
      void store.close().then(() => {
        session.isClosed = true
      })
    },
    isClosed: false,
    isClosing: false,
  }
  store.onNotice((notice) => {
    if (notice._tag === 'reinstated') session.reinstated.add(notice.eventId)
  })
  client.add(session)
  return session
}

/**
 * Keeps up with all items. A state that a power loss has damaged is found when somebody reads it, and made anew: then the
 * app tries again.
 */
const listen = (store: Store, process: SimulatedProcess, live: SimulatedSession['live']): void => {
  try {
    store.subscribe(items.orderBy('id'), (rows) => {
      live.rows = rows
    })
  } catch (error) {
    if (!(error instanceof SqliteError) || !error.isDamage) throw error
    process.environment.setTimer(() => listen(store, process, live), 20)
  }
}

const adapterOf = (client: SimulatedClient, leaderClient: LeaderClient): Adapter => ({
  name: 'simulated',
  connect: () => Promise.resolve({ client: leaderClient, openDatabase: (image) => client.openDatabase(image) }),
  importLog: () => Promise.reject(new Error('not simulated')),
  wipe: () => Promise.reject(new Error('not simulated')),
})

const commit = ({ store, committed }: SimulatedSession, events: ReadonlyArray<EventInput>): Receipt => {
  const receipt = store.commit(...events)
  receipt.eventIds.forEach((id, i) => {
    const { definition, args } = events[i]!
    const event: CommittedEvent = {
      id,
      name: definition.name,
      argsJson: JSON.stringify(args),
      group: receipt.eventIds,
      isPersisted: false,
      confirmed: null,
      rejection: null,
    }
    committed.set(id, event)
    const own = store.receipt(id)
    const onRejected = (error: Error): void => {
      event.rejection = error.name
    }
    own.persisted.then(() => {
      event.isPersisted = true
    }, onRejected)
    own.confirmed.then((confirmed) => {
      event.confirmed = confirmed
    }, onRejected)
  })
  return receipt
}

interface WayToLeader {
  readonly client: LeaderClient
  readonly disconnect: (isSudden: boolean) => void
}

/** Messages take their time, and arrive in order. A leader that dies or hangs is replaced. */
const wayToLeader = (client: SimulatedClient, session: SimulatedProcess): WayToLeader => {
  const { world, dice } = client.options
  let handlers: LeaderClientHandlers | null = null
  let connected: { readonly leader: RunningLeader; readonly port: LeaderPort; readonly link: Link } | null = null
  let [lastIn, lastOut] = [0, 0]
  const later = (last: number): number => Math.max(last, world.now + dice.random() * 3)
  /** To the session: as one of its tasks, so that they wait while it is frozen. */
  const deliver = (delayMs: number, task: () => void): void => void session.environment.setTimer(task, delayMs)

  const connect = (): void => {
    if (!session.isAlive || handlers === null) return
    try {
      const leader = client.lead()
      const link: Link = { isCut: false, onCut: () => deliver(0, () => lost(link)) }
      leader.links.add(link)
      const port = leader.leader.connect((message) => {
        if (!leader.process.isAlive) return
        const copy = structuredClone(message) as LeaderMessage
        lastIn = later(lastIn)
        deliver(lastIn - world.now, () => {
          if (!link.isCut) handlers?.onMessage(copy)
        })
      })
      connected = { leader, port, link }
    } catch {
      // It could not start, or died of it: the next one is tried soon.
      deliver(5 + dice.random() * 20, connect)
    }
  }
  const lost = (link: Link): void => {
    if (link.isCut) return
    link.isCut = true
    connected = null
    handlers?.onLost(new Error('the leader is gone'))
    deliver(dice.random() * 10, connect)
  }
  const send = (message: SessionMessage): void => {
    const to = connected
    if (to === null) return
    const copy = structuredClone(message)
    lastOut = later(lastOut)
    // A task of the leader's: it waits while that is frozen.
    to.leader.process.environment.setTimer(() => {
      if (!to.link.isCut) to.port.receive(copy)
    }, lastOut - world.now)
  }
  const disconnect = (isSudden: boolean): void => {
    const from = connected
    if (from === null || from.link.isCut) return
    // What is on the way arrives, or goes down with a process that dies.
    if (isSudden && dice.chance(0.5)) from.link.isCut = true
    lastOut = later(lastOut)
    from.leader.process.environment.setTimer(() => {
      from.link.isCut = true
      from.port.disconnect()
    }, lastOut - world.now)
  }
  return {
    client: {
      listen: (given) => {
        handlers = given
        connect()
      },
      send,
      close: () => {
        disconnect(false)
        return Promise.resolve()
      },
    },
    disconnect,
  }
}
