/**
 * The leader's state database: the app's tables at one position of the log, kept there physically. Events are
 * materialized by sessions; this file applies the row changes they report, forward and backward.
 *
 * Valid if and only if
 *  1. its tables are the fold of the log up to `head.position`, in `head.epoch`;
 *  2. its changeset rows are those of every event behind `head.trimmedTo`, so that it can be rolled back to there;
 *  3. `head` was written by the transaction that wrote the rows it speaks of.
 *
 * It may lag behind the log (its sessions have not reported yet, or a process died between the two commits) and it may
 * be in another epoch (died during a rollback): {@link StateReplica.useSchema} finds the common prefix. It may be ahead
 * of a log whose end went with the power, and is dropped then. A partial rebuild needs no flag: whatever prefix it has
 * reached is valid by 1. When anything does not fit exactly the state is dropped and filled again from a session; the log
 * is never touched from here.
 *
 * **Source**  spec sections 6 and 7 ("crash at any instant").
 */
import type { EventEffect } from '../channel/PackedEffects.ts'
import { compare, equals, max, type EventSequenceNumber, type Position, root } from '../event/EventSequenceNumber.ts'
import type { SchemaDescriptor } from '../schema/SchemaDescriptor.ts'
import { type ChangesetApplier, makeChangesetApplier } from '../sqlite/ChangesetApply.ts'
import type { SqliteConnection } from '../sqlite/SqliteConnection.ts'
import { SqliteError } from '../sqlite/SqliteError.ts'
import { effectTablesSql, formatVersion, stateApplicationId, stateHeadTableSql } from '../sqlite/SystemTables.ts'
import { CommitSync } from './CommitSync.ts'
import type { Eventlog } from './Eventlog.ts'
import { LeaderStale } from './LeaderError.ts'
import type { LeaderStorage } from './LeaderStorage.ts'
import {
  headColumns,
  headValues,
  prepareStateStatements,
  type StateHead,
  type StateStatements,
} from './StateStatements.ts'

/** The effect of the log row at `seq`. */
export interface RowEffect {
  readonly seq: EventSequenceNumber
  readonly id: string
  readonly effect: EventEffect
}

/** One transaction: back to `base` (if given), then forward over `effects`, then trim. */
export interface StateChange {
  readonly base?: Position
  /** Id of the row at `base`. */
  readonly baseId?: string | null
  readonly effects: ReadonlyArray<RowEffect>
  readonly epoch: number
  readonly attachment: number
  readonly settledHead: Position
}

/** An open state database with tables for one schema. */
interface OpenState {
  readonly connection: SqliteConnection
  readonly statements: StateStatements
  readonly sync: CommitSync
  readonly applier: ChangesetApplier | null
  readonly head: StateHead
}

/**
 * The attachment in which everything up to `trimmedTo` is settled: what was settled without a backend, or with another
 * one, need not be with the present one, and `trimmedTo` then names another row than the log's.
 */
const attachmentOf = (head: StateHead, present: number, settledHead: Position): number =>
  compare(head.trimmedTo, settledHead) > 0 ? head.attachment : present

/** What was not synced before may be missing on disk for good, in the midst of the WAL. */
const syncFailed = 'SQLITE_IOERR_FSYNC'

/** What the state database knows of the log it followed, for a log that does not tell it any more; `null` if nothing. */
export const readStateHead = (
  storage: LeaderStorage,
): { readonly term: number; readonly epoch: number; readonly attachment: number } | null => {
  let connection: SqliteConnection | undefined
  try {
    connection = storage.openState()
    const row = connection.prepare('SELECT term, epoch, attachment FROM __headwater_state_head').get()
    return row === undefined ? null : { term: Number(row[0]), epoch: Number(row[1]), attachment: Number(row[2]) }
  } catch (error) {
    if (!(error instanceof SqliteError)) throw error
    return null
  } finally {
    connection?.close()
  }
}

export class StateReplica {
  readonly #storage: LeaderStorage
  readonly #term: number
  #connection: SqliteConnection | null = null
  #open: OpenState | null = null
  /** An environment failure left the database where it was: compare with the log before it is used again. */
  #isSuspect = true

  constructor(storage: LeaderStorage, term: number) {
    this.#storage = storage
    this.#term = term
    try {
      this.#connection = storage.openState()
      this.#open = this.#read(this.#connection)
      this.#open?.sync.copyWal()
      // From here on an older leader's transactions end it.
      this.#open?.connection.prepare('UPDATE __headwater_state_head SET term = max(term, ?)').run([BigInt(term)])
    } catch (error) {
      if (!(error instanceof SqliteError)) throw error
      this.drop()
    }
  }

  /** `null` while there is no usable state: a session has to fill it. */
  get head(): StateHead | null {
    return this.#open?.head ?? null
  }

  #read(connection: SqliteConnection): OpenState | null {
    const pragma = (name: string) => Number(connection.prepare(`PRAGMA ${name}`).get()?.[0])
    if (pragma('application_id') !== stateApplicationId || pragma('user_version') !== formatVersion) return null
    connection.exec(`PRAGMA foreign_keys = OFF; ${stateHeadTableSql}`)
    const row = connection.prepare(`SELECT ${headColumns} FROM __headwater_state_head`).get()
    if (row === undefined) return null
    const [global, client, eventId, epoch, , trimmedGlobal, trimmedClient, attachment, fingerprint] = row
    const head: StateHead = {
      position: { global: global as number, client: client as number },
      eventId: eventId as string | null,
      epoch: epoch as number,
      trimmedTo: { global: trimmedGlobal as number, client: trimmedClient as number },
      attachment: attachment as number,
      fingerprint: fingerprint as string,
    }
    const sync = new CommitSync(connection)
    return { connection, statements: prepareStateStatements(connection), sync, applier: null, head }
  }

  /**
   * Gives the tables their meaning, drops a state that was made for another schema, and brings what there is onto the
   * log. Called with the leading session's schema.
   */
  useSchema(schema: SchemaDescriptor, log: Eventlog, settledHead: Position): void {
    if (this.#open !== null && this.#open.head.fingerprint !== schema.fingerprint) this.drop()
    this.#makeApplier(schema)
    if (this.#isSuspect) this.#adopt(log, settledHead)
  }

  #makeApplier(schema: SchemaDescriptor): void {
    if (this.#open === null || this.#open.applier !== null) return
    const applier = makeChangesetApplier(this.#open.connection, schema.tables, { foreignKeys: 'off' })
    this.#open = { ...this.#open, applier }
  }

  /** An empty state at the root, with the schema's tables: from there effects lead up to the log's head. */
  startEmpty(schema: SchemaDescriptor, log: Eventlog): void {
    const connection = this.#replace(null, log)
    connection.exec(`BEGIN IMMEDIATE; ${effectTablesSql} ${stateHeadTableSql}
      ${schema.tables.flatMap((table) => table.createSql).join(';\n')};
      PRAGMA application_id = ${stateApplicationId}; PRAGMA user_version = ${formatVersion};`)
    this.#writeFirstHead(connection, {
      position: root,
      eventId: null,
      epoch: log.status.epoch,
      trimmedTo: root,
      attachment: log.status.attachment,
      fingerprint: schema.fingerprint,
    })
    connection.exec('COMMIT')
    this.#open = this.#read(connection)
    this.#makeApplier(schema)
    this.#isSuspect = false
  }

  /**
   * Installs a session's database as the state; it must be of the log's present epoch. It brings no head of its own: who
   * dies before the head is written leaves a database that nobody takes for a state.
   */
  install(bytes: Uint8Array, head: StateHead, schema: SchemaDescriptor, log: Eventlog): void {
    const connection = this.#replace(bytes, log)
    connection.exec(`BEGIN IMMEDIATE; ${stateHeadTableSql}`)
    this.#writeFirstHead(connection, head)
    connection.exec('COMMIT')
    this.#open = this.#read(connection)
    this.#makeApplier(schema)
    this.#isSuspect = false
  }

  /** Only the leader of the present term: a stale one would take away the newer one's state. **Fails with** `LeaderStale`. */
  #replace(image: Uint8Array | null, log: Eventlog): SqliteConnection {
    return log.fenced(() => {
      this.drop()
      return (this.#connection = this.#storage.replaceState(image))
    })
  }

  #writeFirstHead(connection: SqliteConnection, head: StateHead): void {
    connection
      .prepare(`INSERT INTO __headwater_state_head (id, ${headColumns}) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`)
      .run(headValues(head, this.#term))
  }

  /** There is no state any more, until one is started or installed. */
  drop(): void {
    this.#connection?.close()
    this.#connection = null
    this.#open = null
  }

  /**
   * Brings the state onto the log: takes the term, and rolls back to the last row that both have. Afterwards the state
   * stands at a prefix of the log in the log's epoch, or there is none.
   */
  #adopt(log: Eventlog, settledHead: Position): void {
    const open = this.#open
    this.#isSuspect = false
    if (open === null) return
    try {
      const base = this.#commonPrefix(open, log, settledHead)
      if (base === null) return this.drop()
      this.#transaction(open, null, () => {
        this.#rollBack(open, base)
        return this.#writeHead(open, {
          ...open.head,
          position: base,
          eventId: log.idAt(base) ?? null,
          epoch: log.status.epoch,
          attachment: attachmentOf(open.head, log.status.attachment, settledHead),
        })
      })
    } catch (error) {
      this.#failed(error)
    }
  }

  /** The last position at which state and log agree; `null` if that cannot be told from what was kept. */
  #commonPrefix(open: OpenState, log: Eventlog, settledHead: Position): Position | null {
    const { head } = open
    if (head.epoch === log.status.epoch) {
      // Ahead in the same epoch: a power loss took the end of the log, and client-only events may stand there before it is back.
      if (compare(head.position, log.localHead()) > 0) return null
      return log.idAt(head.position) === head.eventId ? head.position : null
    }
    if (head.attachment !== log.status.attachment || compare(head.trimmedTo, settledHead) > 0) return null
    let base = head.trimmedTo
    for (;;) {
      const pageSize = 500
      const kept = open.statements.names.all([base.global, base.client, pageSize])
      const rows = log.page(base, pageSize)
      for (const [i, [global, client, id]] of kept.entries()) {
        const row = rows[i]
        const position = { global: global as number, client: client as number }
        if (row === undefined || !equals(row.seq, position) || row.event.id !== id) return base
        if (log.hasCollided(row.event.id)) return base
        base = position
      }
      if (kept.length < pageSize) return base
    }
  }

  /**
   * **Fails with**  `LeaderStale` only. A step that is not exact drops the state; a full disk or the like leaves it
   * where it was, to be adopted again.
   */
  commit(change: StateChange, log: Eventlog): void {
    const open = this.#open
    if (open === null) return
    if (this.#isSuspect || open.applier === null) {
      // The change is in the log already; comparing with it says the same.
      this.#isSuspect = true
      if (open.applier !== null) this.#adopt(log, change.settledHead)
      return
    }
    try {
      this.#transaction(open, this.#term, () => {
        let head: StateHead = {
          ...open.head,
          epoch: change.epoch,
          attachment: attachmentOf(open.head, change.attachment, change.settledHead),
        }
        if (change.base !== undefined && compare(open.head.position, change.base) > 0) {
          this.#rollBack(open, change.base)
          head = { ...head, position: change.base, eventId: change.baseId ?? null }
        }
        for (const row of change.effects) head = this.#applyEffect(open, head, row, change.settledHead)
        return this.#writeHead(open, this.#trim(open, head, change.settledHead))
      })
    } catch (error) {
      this.#failed(error)
    }
  }

  /** A full disk or the like leaves the state where it was, to be compared with the log again. **Fails with** `LeaderStale`. */
  #failed(error: unknown): void {
    if (error instanceof LeaderStale) throw error
    if (error instanceof SqliteError && error.isRetryable && error.code !== syncFailed) this.#isSuspect = true
    else this.drop()
  }

  #applyEffect(open: OpenState, head: StateHead, { seq, id, effect }: RowEffect, settledHead: Position): StateHead {
    if (effect.changeset.length > 0) open.applier?.applyForward(effect.changeset)
    // What is settled already would be trimmed at the end of this transaction.
    if (compare(seq, settledHead) > 0)
      open.statements.insertChangeset.run([seq.global, seq.client, id, effect.changeset])
    if (effect.error !== null) open.statements.quarantine.run([id, seq.global, seq.client, effect.error])
    return { ...head, position: seq, eventId: id }
  }

  #rollBack({ statements, applier, head }: OpenState, base: Position): void {
    if (compare(base, head.trimmedTo) < 0) throw new RangeError('no changesets that far back')
    for (const [, , , changeset] of statements.changesetsBehind.all([base.global, base.client])) {
      if ((changeset as Uint8Array).length > 0) applier?.applyInverse(changeset as Uint8Array)
    }
    statements.deleteBehind.run([base.global, base.client])
    statements.releaseBehind.run([base.global, base.client])
  }

  #trim({ statements }: OpenState, head: StateHead, settledHead: Position): StateHead {
    const to = compare(settledHead, head.position) < 0 ? settledHead : head.position
    if (compare(to, head.trimmedTo) <= 0) return head
    statements.trim.run([to.global, to.client])
    return { ...head, trimmedTo: max(head.trimmedTo, to) }
  }

  #writeHead({ statements }: OpenState, head: StateHead): StateHead {
    statements.setHead.run(headValues(head, this.#term))
    return head
  }

  /** `term` = the term the database must have, or `null` to take it whatever older one it has. */
  #transaction(open: OpenState, term: number | null, body: () => StateHead): void {
    const { statements, connection, sync } = open
    sync.choose('later')
    statements.begin.run()
    try {
      const current = Number(statements.term.get()?.[0])
      if (term === null ? current > this.#term : current !== term) throw new LeaderStale({ term: this.#term, current })
      const head = body()
      statements.commit.run()
      this.#open = { ...open, head }
    } catch (error) {
      if (connection.isInTransaction()) statements.rollback.run()
      throw error
    }
  }

  /** The bytes a session boots from, with where they stand; `null` while there is no state. */
  image(): { readonly bytes: Uint8Array; readonly head: StateHead } | null {
    const open = this.#open
    return open === null || this.#isSuspect ? null : { bytes: open.connection.serialize(), head: open.head }
  }

  isSkipped(eventId: string): boolean {
    try {
      return this.#open?.statements.isQuarantined.get([eventId]) !== undefined
    } catch (error) {
      // Damage in a state says nothing about the log, and is gone with it. A failing machine says nothing at all.
      if (!(error instanceof SqliteError) || error.isRetryable) throw error
      this.drop()
      return false
    }
  }

  close(): void {
    this.drop()
  }
}
