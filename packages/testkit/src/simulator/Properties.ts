/**
 * The laws and properties that a simulation checks from outside: after every operation what must never happen, and in
 * the end what must be.
 */
import { comparePositions, formatPosition } from '@headwater/core'
import type { SimulatedClient, SimulatedSession } from './SimulatedClient.ts'
import type { Simulation } from './Participant.ts'
import { claims, drafts, foldModel, items, readTables } from './SimulatedSchema.ts'

export class PropertyViolated extends Error {}

const must = (holds: boolean, property: string, detail: () => string): void => {
  if (!holds) throw new PropertyViolated(`${property}: ${detail()}`)
}

/** L2 and L3 of every session: heads are ordered, (epoch, position) and the settled head never move back. */
export const checkStatus = ({ participants, watched }: Simulation): void => {
  for (const { client } of participants) {
    for (const session of client.openSessions) {
      const { session: heads, leader } = session.store.status
      must(
        comparePositions(heads.settledHead, heads.upstreamHead) <= 0 &&
          comparePositions(heads.upstreamHead, heads.localHead) <= 0,
        'L2',
        () =>
          `${client.options.name}: settled ${formatPosition(heads.settledHead)} upstream ${formatPosition(heads.upstreamHead)} local ${formatPosition(heads.localHead)}`,
      )
      // A session that builds its tables anew from the log starts at the root again (ARCHITECTURE.md, "Known gaps").
      if (session.store.status.progress !== null) {
        watched.delete(session)
        continue
      }
      const before = watched.get(session)
      if (before !== undefined && before.attachment === leader.attachment) {
        const isForward =
          leader.epoch > before.epoch ||
          (leader.epoch === before.epoch && comparePositions(heads.upstreamHead, before.upstreamHead) >= 0)
        must(
          isForward,
          'L3',
          () =>
            `${client.options.name}: (${before.epoch}, ${formatPosition(before.upstreamHead)}) -> (${leader.epoch}, ${formatPosition(heads.upstreamHead)})`,
        )
        must(
          comparePositions(heads.settledHead, before.settledHead) >= 0,
          'L3',
          () =>
            `${client.options.name}: settled moved back from ${formatPosition(before.settledHead)} to ${formatPosition(heads.settledHead)}`,
        )
      }
      watched.set(session, {
        epoch: leader.epoch,
        attachment: leader.attachment,
        upstreamHead: heads.upstreamHead,
        settledHead: heads.settledHead,
      })
    }
  }
}

/** P1–P4, P7 and P8 at quiescence. */
export const checkQuiet = (simulation: Simulation): void => {
  const log = simulation.backend.log('simulated')
  const expected = foldModel(log)
  must(new Set(log.map(({ id }) => id)).size === log.length, 'P2', () => 'an id occurs twice in the backend log')
  for (const { client } of simulation.participants) {
    checkTables(client, expected)
    checkIds(simulation, client)
  }
}

const sessionTables = ({ store }: SimulatedSession): ReturnType<typeof foldModel> => ({
  items: store
    .query(items.all())
    .map(({ id, n }) => `${id}=${n}`)
    .sort(),
  claims: store
    .query(claims.all())
    .map(({ name, owner }) => `${name}=${owner}`)
    .sort(),
  drafts: store
    .query(drafts.all())
    .map(({ id, n }) => `${id}=${n}`)
    .sort(),
})

const checkTables = (client: SimulatedClient, expected: ReturnType<typeof foldModel>): void => {
  const rows = client.eventlog.prepare('SELECT name, argsJson FROM eventlog ORDER BY seqNumGlobal, seqNumClient').all()
  const own = foldModel(rows.map(([name, argsJson]) => ({ name: String(name), argsJson: String(argsJson) })))
  const leader = readTables((text) => client.state.prepare(text).all())
  const { name } = client.options
  must(
    JSON.stringify({ ...own, drafts: [] }) === JSON.stringify({ ...expected, drafts: [] }),
    'P1',
    () => `${name}: log folds to ${JSON.stringify(own)}, the backend's to ${JSON.stringify(expected)}`,
  )
  must(
    JSON.stringify(leader) === JSON.stringify(own),
    'P1',
    () => `${name}: leader's tables ${JSON.stringify(leader)}, its log folds to ${JSON.stringify(own)}`,
  )
  for (const session of client.openSessions) {
    const tables = sessionTables(session)
    must(
      JSON.stringify(tables) === JSON.stringify(own),
      'P7',
      () =>
        `${name}${client.sessions.indexOf(session)}: tables ${JSON.stringify(tables)}, the log folds to ${JSON.stringify(own)}`,
    )
  }
}

const checkIds = (simulation: Simulation, client: SimulatedClient): void => {
  const inBackend = new Set(simulation.backend.log('simulated').map(({ id }) => id))
  const inLog = new Set(
    client.eventlog
      .prepare('SELECT eventId FROM eventlog')
      .all()
      .map(([id]) => String(id)),
  )
  const dead = new Set(
    client.eventlog
      .prepare('SELECT eventId FROM __headwater_rejected')
      .all()
      .map(([id]) => String(id)),
  )
  simulation.rejected += dead.size
  const { name } = client.options
  for (const session of client.sessions) {
    for (const [id, record] of session.committed) {
      const places = [inLog.has(id), dead.has(id)].filter(Boolean).length
      must(places <= 1, 'P2', () => `${name}: ${id} is in the log and among the dead letters`)
      const mayBeLost = session.isClosed && !record.isPersisted
      must(
        places === 1 || mayBeLost,
        record.isPersisted ? 'P3' : 'P2',
        () => `${name}: ${id} (${record.name}) is nowhere`,
      )
      if (record.name !== 'draft')
        must(
          inBackend.has(id) === inLog.has(id),
          'P2',
          () => `${name}: ${id} (${record.name}) log ${inLog.has(id)} backend ${inBackend.has(id)}`,
        )
      // A client-only event's `confirmed` is its `persisted`; its commit group may be refused afterwards.
      if (record.isConfirmed && record.name !== 'draft')
        must(inLog.has(id), 'P4', () => `${name}: ${id} was confirmed and is not in the log`)
      if (!session.isClosed && inLog.has(id))
        must(record.isConfirmed, 'P8', () => `${name}: ${id} (${record.name}) is settled, its receipt does not say so`)
    }
  }
}
