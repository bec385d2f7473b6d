/**
 * What must never be otherwise, looked at from outside after every step. (The merge checks its own laws with every
 * merge; what it finds broken is among the simulation's `defects`.)
 *
 * **Source**  spec section 4.
 */
import { comparePositions, formatPosition } from '@headwater/core'
import { readLog } from './LookInside.ts'
import { backendLog, type Simulation } from './Simulation.ts'
import type { SimulatedClient } from './SimulatedClient.ts'
import { items } from './SimulatedSchema.ts'
import type { SimulatedSession } from './SimulatedSession.ts'
import { must } from './Violation.ts'

export const checkStep = (simulation: Simulation): void => {
  must(simulation.defects.length === 0, 'defect', () => simulation.defects.join('\n'))
  for (const { client } of simulation.participants) {
    for (const session of client.openSessions) {
      checkHeads(simulation, session)
      checkLiveQuery(session)
    }
  }
}

/** L2 and L3: heads are ordered; (epoch, position) and the settled head never move back. */
const checkHeads = ({ sessionsSeen }: Simulation, session: SimulatedSession): void => {
  const { session: heads, leader, progress, outdatedBy } = session.store.status
  const { settledHead, upstreamHead, localHead } = heads
  must(
    comparePositions(settledHead, upstreamHead) <= 0 && comparePositions(upstreamHead, localHead) <= 0,
    'L2',
    () =>
      `${session.label}: settled ${formatPosition(settledHead)} upstream ${formatPosition(upstreamHead)} local ${formatPosition(localHead)}`,
  )
  // A session that builds its tables anew from the log starts at the root again.
  if (progress !== null || outdatedBy !== null) return void sessionsSeen.delete(session)
  const { epoch, attachment, connection } = leader
  // Until it has subscribed it knows of the leader's log, and stands in the one before.
  if (connection === 'subscribing') return
  const before = sessionsSeen.get(session)
  if (before !== undefined && before.attachment === attachment) {
    must(
      epoch > before.epoch || (epoch === before.epoch && comparePositions(upstreamHead, before.upstreamHead) >= 0),
      'L3',
      () =>
        `${session.label}: (${before.epoch}, ${formatPosition(before.upstreamHead)}) -> (${epoch}, ${formatPosition(upstreamHead)})`,
    )
    must(
      comparePositions(settledHead, before.settledHead) >= 0,
      'L3',
      () =>
        `${session.label}: settled moved back from ${formatPosition(before.settledHead)} to ${formatPosition(settledHead)}`,
    )
  }
  sessionsSeen.set(session, { epoch, attachment, upstreamHead, settledHead })
}

/** A live query has told what a query tells now. */
const checkLiveQuery = ({ label, store, live }: SimulatedSession): void => {
  if (live.rows === undefined) return
  const [told, now] = [JSON.stringify(live.rows), JSON.stringify(store.query(items.orderBy('id')))]
  must(told === now, 'live query', () => `${label}: told ${told}, a query says ${now}`)
}

/** L4, L5, L7, L9 of a client's log: no id twice, no gap, and what is settled stays as it is. */
export const checkLog = (simulation: Simulation, client: SimulatedClient): void => {
  // Nobody has been told of what it says now.
  if (client.leader?.storage.isLogUncertain === true) return
  const log = readLog(client)
  const { name } = client.options
  if (log === undefined) return
  const { rows } = log
  must(new Set(rows.map(({ id }) => id)).size === rows.length, 'L4', () => `${name}: an id is twice in the log`)
  rows.forEach((row, i) => {
    const before = rows[i - 1] ?? { global: 0, client: 0 }
    const follows =
      row.client === 0
        ? row.global === before.global + 1
        : row.global === before.global && row.client === before.client + 1
    must(follows, 'L9', () => `${name}: e${row.global}.${row.client} behind e${before.global}.${before.client}`)
  })
  const { head, attachment, backendId } = log.status
  // Without a backend every position is settled, and attaching one is the exception of L5.
  if (backendId === null) return
  const settledIds = rows.filter((row) => row.client === 0 && row.global <= head).map(({ id }) => id)
  const before = simulation.logsSeen.get(client)
  if (before !== undefined && before.attachment === attachment) {
    must(
      settledIds.length >= before.settledIds.length && before.settledIds.every((id, i) => id === settledIds[i]),
      'L5',
      () => `${name}: settled was ${before.settledIds.join()}, and is ${settledIds.join()}`,
    )
  }
  simulation.logsSeen.set(client, { attachment, settledIds })
}

/** P10: the settled part of a client's log is the beginning of the backend's. */
export const isSettledPrefix = (simulation: Simulation, client: SimulatedClient): boolean => {
  const log = backendLog(simulation)
  return simulation.logsSeen.get(client)?.settledIds.every((id, i) => id === log[i]?.id) ?? true
}
