/**
 * A session's own database: the app's tables in memory, the changeset of every event that may still be rolled back, and
 * the quarantine. Everything that happens to it is one of three steps inside one transaction: materialize, roll back,
 * trim.
 *
 * Holds always: its changeset rows are those of every event behind `trimmedTo` that it has applied, in order.
 */
import { type EventEffect, emptyChangeset } from '../channel/PackedEffects.ts'
import type { RowName } from '../channel/LeaderMessage.ts'
import type { NumberedEvent } from '../event/EventEnvelope.ts'
import { compare, type Position } from '../event/EventSequenceNumber.ts'
import type { StoreSchema } from '../schema/StoreSchema.ts'
import { type ChangesetApplier, makeChangesetApplier } from '../sqlite/ChangesetApply.ts'
import { type CapturedChangeset, type ChangesetCapture, makeChangesetCapture } from '../sqlite/ChangesetCapture.ts'
import type { RowChange } from '../sqlite/RowChange.ts'
import type { SqliteConnection, SqliteStatement } from '../sqlite/SqliteConnection.ts'
import { SqliteError } from '../sqlite/SqliteError.ts'
import { makeStatementCache, type StatementCache } from '../sqlite/StatementCache.ts'
import { makeStatementGuard, type StatementGuard } from '../sqlite/StatementGuard.ts'
import { effectTablesSql, formatVersion, stateApplicationId } from '../sqlite/SystemTables.ts'
import { EventMaterializer } from './EventMaterializer.ts'
import { MaterializerFailed } from './SessionError.ts'

/** Opens a database in memory, empty or from an image; provided by the adapter. */
export type OpenSessionDatabase = (image?: Uint8Array) => SqliteConnection

/** Row changes of one step, in order, for live queries; made when first asked for. */
export type Changes = () => ReadonlyArray<RowChange>

/** An event that is quarantined: its effect is empty until a later schema materializes it. */
export interface QuarantinedEvent {
  readonly eventId: string
  readonly position: Position
  readonly error: string
}

/** What became of an event when it was materialized again. */
export interface ReplayedEvent {
  readonly effect: EventEffect
  readonly changes: Changes
}

/** An event failed without a savepoint around it: start again, with savepoints. */
class EventFailed extends Error {}

/** One retained changeset row. */
export interface RetainedEffect extends RowName {
  readonly changeset: Uint8Array
}

const prepareAll = (connection: SqliteConnection) =>
  ({
    begin: connection.prepare('BEGIN'),
    commit: connection.prepare('COMMIT'),
    rollback: connection.prepare('ROLLBACK'),
    savepoint: connection.prepare('SAVEPOINT event'),
    release: connection.prepare('RELEASE event'),
    rollbackTo: connection.prepare('ROLLBACK TO event'),
    insertChangeset: connection.prepare(
      'INSERT INTO __headwater_session_changeset (seqNumGlobal, seqNumClient, eventId, changeset, debug) VALUES (?, ?, ?, ?, NULL)',
    ),
    changesetsBehind: connection.prepare(
      `SELECT seqNumGlobal, seqNumClient, eventId, changeset FROM __headwater_session_changeset
       WHERE (seqNumGlobal, seqNumClient) > (?, ?) ORDER BY seqNumGlobal, seqNumClient LIMIT ?`,
    ),
    namesBehind: connection.prepare(
      `SELECT seqNumGlobal, seqNumClient, eventId FROM __headwater_session_changeset
       WHERE (seqNumGlobal, seqNumClient) > (?, ?) ORDER BY seqNumGlobal, seqNumClient`,
    ),
    idAt: connection.prepare(
      'SELECT eventId FROM __headwater_session_changeset WHERE seqNumGlobal = ? AND seqNumClient = ?',
    ),
    deleteBehind: connection.prepare(
      'DELETE FROM __headwater_session_changeset WHERE (seqNumGlobal, seqNumClient) > (?, ?)',
    ),
    trim: connection.prepare('DELETE FROM __headwater_session_changeset WHERE (seqNumGlobal, seqNumClient) <= (?, ?)'),
    quarantine: connection.prepare(
      'INSERT INTO __headwater_quarantine (eventId, seqNumGlobal, seqNumClient, error) VALUES (?, ?, ?, ?)',
    ),
    releaseBehind: connection.prepare('DELETE FROM __headwater_quarantine WHERE (seqNumGlobal, seqNumClient) > (?, ?)'),
    quarantined: connection.prepare(
      'SELECT eventId, seqNumGlobal, seqNumClient, error FROM __headwater_quarantine ORDER BY seqNumGlobal, seqNumClient',
    ),
    errorOf: connection.prepare('SELECT error FROM __headwater_quarantine WHERE eventId = ?'),
  }) satisfies Record<string, SqliteStatement>

export class SessionDatabase {
  readonly connection: SqliteConnection
  readonly statements: StatementCache
  readonly guard: StatementGuard
  readonly #own: ReturnType<typeof prepareAll>
  readonly #capture: ChangesetCapture
  readonly #applier: ChangesetApplier
  readonly #materializer: EventMaterializer
  readonly #schema: StoreSchema
  #trimmedTo: Position

  /** `image` = a leader's or session's state; without one the schema's tables are made. **Fails with** `SqliteError`. */
  constructor(open: OpenSessionDatabase, schema: StoreSchema, image: Uint8Array | null, trimmedTo: Position) {
    const connection = image === null ? open() : open(image)
    this.connection = connection
    this.#schema = schema
    this.#trimmedTo = trimmedTo
    if (image === null) {
      connection.exec(`${effectTablesSql} ${schema.descriptor.tables.flatMap((table) => table.createSql).join(';\n')};
        PRAGMA application_id = ${stateApplicationId}; PRAGMA user_version = ${formatVersion};`)
    } else {
      // Where the leader's state stood. Handed back with rows of later events it would be a lie about them.
      connection.exec('DROP TABLE IF EXISTS __headwater_state_head')
    }
    // Nobody else opens it. An image would otherwise look for other writers at each BEGIN and count itself up at each COMMIT.
    connection.exec('PRAGMA foreign_keys = ON; PRAGMA locking_mode = EXCLUSIVE')
    const { tables } = schema.descriptor
    this.#capture = makeChangesetCapture(connection, tables)
    this.#capture.install()
    this.#applier = makeChangesetApplier(connection, tables, { foreignKeys: 'on', capture: this.#capture })
    this.statements = makeStatementCache(connection)
    this.guard = makeStatementGuard(connection, schema.tableByName.keys())
    this.#materializer = new EventMaterializer(schema, this.statements, this.guard)
    this.#own = prepareAll(connection)
  }

  get trimmedTo(): Position {
    return this.#trimmedTo
  }

  get isMaterializing(): boolean {
    return this.#materializer.isRunning
  }

  /** All of `body` or nothing. **Fails with** whatever `body` throws; `SqliteError`. */
  transaction<A>(body: () => A): A {
    const before = this.#trimmedTo
    this.#own.begin.run()
    try {
      const result = body()
      this.#own.commit.run()
      return result
    } catch (error) {
      this.#capture.discard()
      this.#trimmedTo = before
      if (this.connection.isInTransaction()) this.#own.rollback.run()
      throw error
    }
  }

  /**
   * Materializes a new local event; `isJustEncoded` as in `EventMaterializer.run`.
   *
   * **Fails with** `MaterializerFailed` (the caller's transaction is undone), `SqliteError`.
   */
  commitEvent(row: NumberedEvent, isJustEncoded: boolean): CapturedChangeset {
    this.#capture.begin()
    try {
      this.#materializer.run(row.event, isJustEncoded)
    } catch (error) {
      if (error instanceof SqliteError && error.isEnvironment) throw error
      throw new MaterializerFailed({ event: row.event.name, eventId: row.event.id, cause: error })
    }
    const captured = this.#capture.take()
    this.#own.insertChangeset.run([row.seq.global, row.seq.client, row.event.id, captured.bytes])
    return captured
  }

  /**
   * Materializes events that are facts already, in order, inside one transaction with `before` and `check`. What fails
   * because of event and tables is skipped and quarantined.
   *
   * A savepoint for each event costs a third of its materialization and is only needed for one that fails, so the first
   * attempt does without; if an event fails everything is undone and done once more, with savepoints.
   *
   * **Fails with**  what `before` or `check` fail with; `SqliteError` of the environment. Then nothing has changed.
   */
  replay(
    rows: ReadonlyArray<NumberedEvent>,
    before: () => void = () => undefined,
    check: (replayed: ReadonlyArray<ReplayedEvent>) => void = () => undefined,
  ): ReadonlyArray<ReplayedEvent> {
    const attempt = (isGuarded: boolean): ReadonlyArray<ReplayedEvent> =>
      this.transaction(() => {
        before()
        const replayed = rows.map((row) => this.#replayEvent(row, isGuarded))
        check(replayed)
        return replayed
      })
    try {
      return attempt(rows.length === 1)
    } catch (error) {
      if (!(error instanceof EventFailed)) throw error
      return attempt(true)
    }
  }

  #replayEvent({ seq, event }: NumberedEvent, isGuarded: boolean): ReplayedEvent {
    if (isGuarded) this.#own.savepoint.run()
    const captured = this.#tryMaterialize(event, isGuarded)
    if (isGuarded) this.#own.release.run()
    const { effect } = captured
    this.#own.insertChangeset.run([seq.global, seq.client, event.id, effect.changeset])
    if (effect.error !== null) this.#own.quarantine.run([event.id, seq.global, seq.client, effect.error])
    return captured
  }

  #tryMaterialize(
    event: NumberedEvent['event'],
    isGuarded: boolean,
  ): { readonly effect: EventEffect; readonly changes: Changes } {
    if (!this.#schema.eventByName.has(event.name)) {
      return { effect: { outcome: 'unknown', changeset: emptyChangeset, error: null }, changes: () => [] }
    }
    this.#capture.begin()
    try {
      this.#materializer.run(event)
      const { bytes, changes } = this.#capture.take()
      return { effect: { outcome: 'applied', changeset: bytes, error: null }, changes }
    } catch (error) {
      this.#capture.discard()
      if (error instanceof SqliteError && error.isEnvironment) throw error
      if (!isGuarded) throw new EventFailed()
      this.#own.rollbackTo.run()
      const message = error instanceof Error ? error.message : String(error)
      return {
        effect: { outcome: 'skipped', changeset: emptyChangeset, error: message || 'the materializer threw' },
        changes: () => [],
      }
    }
  }

  /**
   * Undoes every event behind `base`, newest first.
   *
   * **Fails with**  `ChangesetInexact`, `SqliteError`; `RangeError` when `base` is before `trimmedTo`. The caller takes
   * a snapshot then.
   */
  rollBackTo(base: Position): ReadonlyArray<RowChange> {
    if (compare(base, this.#trimmedTo) < 0) throw new RangeError('the changesets behind that position are trimmed')
    const retained = this.retainedBehind(base, Number.MAX_SAFE_INTEGER).reverse()
    const undone = this.#applier.batch(() => retained.flatMap(({ changeset }) => this.#applier.applyInverse(changeset)))
    this.#own.deleteBehind.run([base.global, base.client])
    this.#own.releaseBehind.run([base.global, base.client])
    return undone
  }

  /** Forgets how to undo what is settled. */
  trim(to: Position): void {
    if (compare(to, this.#trimmedTo) <= 0) return
    this.#own.trim.run([to.global, to.client])
    this.#trimmedTo = { global: to.global, client: to.client }
  }

  /** **Shape** oldest first, at most `limit`, strictly behind `after`; changesets are the caller's. */
  retainedBehind(after: Position, limit: number): Array<RetainedEffect> {
    return this.#own.changesetsBehind
      .all([after.global, after.client, limit])
      .map(([global, client, id, changeset]) => ({
        global: global as number,
        client: client as number,
        id: id as string,
        changeset: changeset as Uint8Array,
      }))
  }

  /** **Shape** oldest first, strictly behind `after`. */
  namesBehind(after: Position): Array<RowName> {
    return this.#own.namesBehind.all([after.global, after.client]).map(([global, client, id]) => ({
      global: global as number,
      client: client as number,
      id: id as string,
    }))
  }

  /** Id of the retained event at `position`, `undefined` if there is none. */
  idAt(position: Position): string | undefined {
    return this.#own.idAt.get([position.global, position.client])?.[0] as string | undefined
  }

  quarantined(): ReadonlyArray<QuarantinedEvent> {
    return this.#own.quarantined.all().map(([eventId, global, client, error]) => ({
      eventId: eventId as string,
      position: { global: global as number, client: client as number },
      error: error as string,
    }))
  }

  quarantineError(eventId: string): string | null {
    return (this.#own.errorOf.get([eventId])?.[0] as string | undefined) ?? null
  }

  /** The bytes of this database as they were at `position`, made on a copy; `undefined` if it cannot be told any more. */
  imageAt(position: Position, open: OpenSessionDatabase): Uint8Array | undefined {
    const bytes = this.connection.serialize()
    const hasMore = this.retainedBehind(position, 1).length > 0
    if (!hasMore) return bytes
    const copy = new SessionDatabase(open, this.#schema, bytes, this.#trimmedTo)
    try {
      copy.transaction(() => copy.rollBackTo(position))
      return copy.connection.serialize()
    } catch {
      return undefined
    } finally {
      copy.close()
    }
  }

  close(): void {
    this.connection.close()
  }
}
