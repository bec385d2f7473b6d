/**
 * Crash points by name. A `CrashPlan` stands for one process: it counts the *points* that the process passes, before
 * every statement that writes and after every COMMIT, on every database that it opened through {@link crashingConnection}
 * (after any other statement is before the next one). At the chosen point the process dies: handles are closed without COMMIT, and whatever it still tries fails with {@link Crashed}.
 *
 * To prove a write path, run it with `crashAt` 1, 2, 3 … on fresh files, reopen what survived each time, and stop with
 * the first run that comes through untouched: then it has been killed between any two of its statements.
 *
 * **Example**
 * ```ts
 * const plan = new CrashPlan()
 * const eventlog = crashingConnection(openBetterSqlite({ path }), { plan, name: 'eventlog' })
 * plan.arm(7)
 * // … the seventh point from here throws `Crashed`
 * ```
 *
 * **Source**  spec section 11, P1: "after a kill between any two statements of a write path".
 */
import type { SqliteConnection } from '@headwater/core/sqlite'
import { watchedConnection } from './WatchedConnection.ts'

/** The process died here, or is dead already. No part of the system may handle it. */
export class Crashed extends Error {
  override readonly name = 'Crashed'
  readonly _tag = 'Crashed'
}

export class CrashPlan {
  readonly #opened = new Set<SqliteConnection>()
  #crashAt = Number.POSITIVE_INFINITY
  #passed: Array<string> = []
  #crashedAt: string | null = null
  #tell: () => void = () => undefined
  /** Resolves when the process dies. */
  readonly crashed: Promise<void>

  constructor() {
    this.crashed = new Promise((resolve) => (this.#tell = resolve))
  }

  /** From here on points are counted, and the `crashAt`th one is the last. **Shape** counts from 1; infinity: never. */
  arm(crashAt: number): void {
    this.#passed = []
    this.#crashAt = crashAt
  }

  /** Names of the points passed since it was armed, e.g. `before eventlog COMMIT`. */
  get passed(): ReadonlyArray<string> {
    return this.#passed
  }

  /** Name of the point where it died; `null` while it lives. */
  get crashedAt(): string | null {
    return this.#crashedAt
  }

  /** Whether the next point is the one: to leave behind what a step that is cut in half leaves. */
  get isNext(): boolean {
    return this.#passed.length + 1 === this.#crashAt
  }

  /** A point of its own, for steps that are no statements: a file renamed, a message sent. **Fails with** `Crashed`. */
  pass(name: string): void {
    this.mustLive()
    this.#passed.push(name)
    if (this.#passed.length === this.#crashAt) this.crash(name)
  }

  /** **Fails with** `Crashed` when the process is dead. */
  mustLive(): void {
    if (this.#crashedAt !== null) throw new Crashed(`dead since: ${this.#crashedAt}`)
  }

  /** Dies now. **Fails with** `Crashed`, always. */
  crash(name = 'killed'): never {
    this.end(name)
    throw new Crashed(name)
  }

  /** Dies now, seen from outside. Idempotent. */
  end(name = 'killed'): void {
    if (this.#crashedAt !== null) return
    this.#crashedAt = name
    // SQLite rolls an open transaction back when its handle closes, as the next process would.
    for (const connection of this.#opened) connection.close()
    this.#tell()
  }

  /** A handle that dies with the process. */
  own(connection: SqliteConnection): void {
    this.#opened.add(connection)
  }
}

/** What can leave a trace on disk. A read changes nothing: dying beside it is dying after the write before it. */
const writes =
  /^\s*(INSERT|UPDATE|DELETE|REPLACE|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|CREATE|DROP|ALTER|PRAGMA\s+\w+\s*=)/iu

/** A text of several statements may end a transaction somewhere in it. */
const commits = /\bCOMMIT\b/iu

/** Enough of a statement to know it by. */
const nameOf = (sql: string): string => sql.trim().replaceAll(/\s+/gu, ' ').slice(0, 60)

/** `inner` as a process of this plan has it; `name` is the database in the names of points. */
export const crashingConnection = (
  inner: SqliteConnection,
  { plan, name }: { readonly plan: CrashPlan; readonly name: string },
): SqliteConnection => {
  plan.own(inner)
  const watched = watchedConnection(inner, ({ kind, sql }, run) => {
    plan.mustLive()
    if (kind === 'prepare' || !writes.test(sql)) return run()
    const point = `${name} ${nameOf(sql)}`
    plan.pass(`before ${point}`)
    const result = run()
    if (commits.test(sql)) plan.pass(`after ${point}`)
    return result
  })
  return { ...watched, isInTransaction: () => plan.crashedAt === null && inner.isInTransaction() }
}
