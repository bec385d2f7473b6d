/**
 * What must be once the faults have ended and everybody is idle.
 *
 * **Source**  spec section 11.
 */
import { openWasmSqlite } from '@headwater/sqlite-wasm'
import { type LogInside, type LogRow, lookInside, readLog, readRows } from './LookInside.ts'
import { backendLog, type Simulation } from './Simulation.ts'
import type { SimulatedClient } from './SimulatedClient.ts'
import { foldModel, type Fold, type ModelTables, readTables } from './SimulatedModel.ts'
import { claims, drafts, items, notes } from './SimulatedSchema.ts'
import type { CommittedEvent, SimulatedSession } from './SimulatedSession.ts'
import { stateFile } from './SimulatedStorage.ts'
import { must } from './Violation.ts'

/** P1–P4, P6–P9 and P11 at quiescence. P5 is the merge's own property test; P10 and P12 are looked at on the way. */
export const checkQuiet = (simulation: Simulation): void => {
  const log = backendLog(simulation)
  must(new Set(log.map(({ id }) => id)).size === log.length, 'P2', () => 'an id occurs twice in the backend log')
  for (const { client } of simulation.participants) {
    const inside = readLog(client)
    must(inside !== undefined, 'P3', () => `${client.options.name}: there is no eventlog`)
    checkTables(simulation, client, inside!.rows)
    checkEvents(simulation, client, inside!)
    for (const session of client.sessions) checkOrder(simulation, session, inside!.rows)
    checkFile(client, inside!.rows)
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** P1, P7, P9: tables are what the log means, everywhere, and exactly what fails where it stands is in quarantine. */
const checkTables = (simulation: Simulation, client: SimulatedClient, rows: ReadonlyArray<LogRow>): void => {
  const { name } = client.options
  const { version } = client
  const shared = foldModel(backendLog(simulation), version)
  const own = foldModel(rows, version)
  must(
    same({ ...own.tables, drafts: [] }, { ...shared.tables, drafts: [] }),
    'P1',
    () => `${name}: log folds to ${JSON.stringify(own.tables)}, the backend's to ${JSON.stringify(shared.tables)}`,
  )
  const inState = lookInside(client, stateFile, (state) => ({
    tables: readTables((text) => state.prepare(text).all(), version),
    quarantined: state.prepare('SELECT eventId FROM __headwater_quarantine').all(),
  }))
  must(
    same(inState.tables, own.tables),
    'P1',
    () =>
      `${name}: the leader's tables are ${JSON.stringify(inState.tables)}, its log folds to ${JSON.stringify(own.tables)}`,
  )
  checkQuarantine(
    name,
    inState.quarantined.map(([id]) => String(id)),
    own,
  )
  for (const session of client.openSessions) {
    const { label, store } = session
    const shown = shownTables(session)
    must(
      same(shown, own.tables),
      'P7',
      () => `${label}: tables ${JSON.stringify(shown)}, the log folds to ${JSON.stringify(own.tables)}`,
    )
    checkQuarantine(
      label,
      store.quarantined.list().map(({ eventId }) => eventId),
      own,
    )
  }
}

/** As `readTables` gives them, through the queries of an app. */
const shownTables = ({ store, version }: SimulatedSession): ModelTables => {
  const sorted = (pairs: ReadonlyArray<readonly [string, string | number]>) =>
    pairs.map(([key, value]) => `${key}=${value}`).sort()
  return {
    items: sorted(store.query(items.all()).map(({ id, n }) => [id, n])),
    claims: sorted(store.query(claims.all()).map(({ name, owner }) => [name, owner])),
    notes: version === 2 ? sorted(store.query(notes.all()).map(({ id, k }) => [id, k])) : [],
    drafts: sorted(store.query(drafts.all()).map(({ id, n }) => [id, n])),
  }
}

const checkQuarantine = (name: string, ids: ReadonlyArray<string>, { skipped }: Fold): void =>
  must(
    same([...ids].sort(), [...skipped].sort()),
    'P9',
    () => `${name}: in quarantine ${ids.join()}, what fails is ${[...skipped].join()}`,
  )

/** What else is known of where a client's events went. */
interface Places {
  readonly log: ReadonlyMap<string, LogRow>
  readonly backend: ReadonlySet<string>
  readonly dead: ReadonlySet<string>
  readonly exported: ReadonlySet<string>
  readonly skipped: ReadonlySet<string>
}

/** P2, P3, P4, P8, P11 of every event that a session of this client has committed. */
const checkEvents = (simulation: Simulation, client: SimulatedClient, { rows, dead }: LogInside): void => {
  const places: Places = {
    log: new Map(rows.map((row) => [keyOf(row), row])),
    backend: new Set(backendLog(simulation).map(keyOf)),
    dead: new Set(dead.map(keyOf)),
    exported: new Set(client.record.exports.flatMap((bytes) => exportedKeys(client, bytes))),
    skipped: foldModel(rows, client.version).skipped,
  }
  for (const session of client.sessions) {
    for (const event of session.committed.values()) checkEvent(simulation, client, session, event, places)
  }
}

/** An event is the same if id, author and content agree. */
const keyOf = ({
  id,
  clientId,
  name,
  argsJson,
}: {
  readonly id: string
  readonly clientId: string
  readonly name: string
  readonly argsJson: string
}): string => `${id} ${clientId} ${name} ${argsJson}`

const exportedKeys = (client: SimulatedClient, image: Uint8Array): ReadonlyArray<string> => {
  const connection = openWasmSqlite(client.options.sqlite, { image })
  const keys = readRows(connection).map(keyOf)
  connection.close()
  return keys
}

const checkEvent = (
  simulation: Simulation,
  client: SimulatedClient,
  session: SimulatedSession,
  event: CommittedEvent,
  { log, backend, dead, exported, skipped }: Places,
): void => {
  const key = keyOf({ ...event, clientId: session.store.clientId })
  const what = (): string => `${session.label}: ${event.id} (${event.name})`
  const isLogged = log.has(key)
  const isShared = event.name !== 'draft'
  must(!(isLogged && dead.has(key)), 'P2', () => `${what()} is in the log and among the dead letters`)
  // What a killed session had not handed over is lost; what was not synced may be, when the power fails.
  const isSynced = client.options.durability === 'FULL' || client.record.powerLosses === 0
  const isSafe = isSynced && (event.isPersisted || session.isClosing)
  const mayBeLost = session.isClosed && !isSafe
  must(
    isLogged || dead.has(key) || exported.has(key) || mayBeLost,
    event.isPersisted ? 'P3' : 'P2',
    () => `${what()} is nowhere`,
  )
  if (isShared) must(backend.has(key) === isLogged, 'P2', () => `${what()} log ${isLogged} backend ${backend.has(key)}`)
  // A client-only event's `confirmed` is its `persisted`; its commit group may be refused afterwards.
  if (event.confirmed !== null && isShared) {
    // Offered to another log, what one had confirmed may be refused.
    // What a client has lost, it cannot offer.
    const mayBeGone = simulation.historyChanges > 0 && (dead.has(key) || !isSafe)
    must(isLogged || exported.has(key) || mayBeGone, 'P4', () => `${what()} was confirmed and is not in the log`)
  }
  if (client.record.resets > 0 || session.isClosed || !isLogged) return
  must(
    event.confirmed !== null || event.rejection !== null,
    'P8',
    () => `${what()} is settled, its receipt does not say so`,
  )
  if (event.rejection !== null) {
    const mayBeUntold = client.record.leaderDeaths + client.record.takeOvers + client.record.powerLosses > 0
    must(
      session.reinstated.has(event.id) || mayBeUntold,
      'P4',
      () => `${what()} was refused (${event.rejection}), is in the log, and nobody was told`,
    )
  } else if (isShared && client.version === 1 && simulation.historyChanges === 0) {
    const effect = skipped.has(event.id) ? 'skipped' : 'applied'
    must(
      event.confirmed?.effect === effect,
      'P4',
      () => `${what()} is ${effect}, its receipt says ${event.confirmed?.effect}`,
    )
  }
}

/** P6: what a session has committed stands in the log in that order, but for commits that were refused, which may come back. */
const checkOrder = (simulation: Simulation, session: SimulatedSession, rows: ReadonlyArray<LogRow>): void => {
  if (simulation.historyChanges > 0) return
  const place = new Map(rows.map((row, i) => [keyOf(row), i]))
  const { clientId } = session.store
  const { refusedIds, forgedIds } = simulation
  const places = [...session.committed.values()]
    .filter(({ group }) => !group.some((id) => refusedIds.has(id) || forgedIds.has(id)))
    .flatMap((event) => place.get(keyOf({ ...event, clientId })) ?? [])
  must(
    places.every((at, i) => i === 0 || at > places[i - 1]!),
    'P6',
    () => `${session.label}: its events stand at ${places.join()}`,
  )
}

/**
 * If the power failed now, only the end of the log could go, and of that only what the backend would send again: nothing
 * that a session of this client was told is persisted.
 */
const checkFile = (client: SimulatedClient, rows: ReadonlyArray<LogRow>): void => {
  if (client.options.durability !== 'FULL') return
  const found = readLog(client, { afterPowerLoss: true })?.rows ?? []
  const { name } = client.options
  must(
    found.every(({ id }, i) => id === rows[i]?.id),
    'P3',
    () => `${name}: a power loss would change the log, not only cut it`,
  )
  // Behind a reset, which drops them, they come from the backend like everybody else's.
  if (client.record.resets > 0) return
  const persisted = new Set(
    client.sessions.flatMap(({ committed, store: { clientId } }) =>
      [...committed.values()].filter((event) => event.isPersisted).map((event) => keyOf({ ...event, clientId })),
    ),
  )
  const cut = rows.slice(found.length).filter((row) => persisted.has(keyOf(row)))
  must(cut.length === 0, 'P3', () => `${name}: ${cut.map(({ id }) => id).join()} would not survive a power loss`)
}
