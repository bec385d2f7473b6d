import type { SqliteConnection, SqliteStatement } from '@headwater/core/sqlite'

/** Thrown where a process dies. Nothing that runs afterwards reaches the databases. */
export class Crash extends Error {}

/** Burns down with every statement of a process; at zero the process dies, and with it its open transactions. */
export class Fuse {
  readonly onBlow: () => void
  isBlown = false
  #statementsLeft = Number.POSITIVE_INFINITY

  constructor(onBlow: () => void) {
    this.onBlow = onBlow
  }

  /** The process dies before it has run that many more statements. */
  light(statements: number): void {
    this.#statementsLeft = statements
  }

  blow(): void {
    if (this.isBlown) return
    this.isBlown = true
    this.onBlow()
  }

  burn(): void {
    if (this.isBlown) throw new Crash('a dead process used its database')
    this.#statementsLeft -= 1
    if (this.#statementsLeft >= 0) return
    this.blow()
    throw new Crash('the process died here')
  }
}

/** `inner` as one process sees it: closing only lets go, and a dead process leaves no transaction behind. */
export const crashable = (inner: SqliteConnection, fuse: Fuse): SqliteConnection => {
  const guarded = <A>(run: () => A): A => {
    fuse.burn()
    return run()
  }
  const wrap = (statement: SqliteStatement): SqliteStatement => ({
    columns: statement.columns,
    all: (params) => guarded(() => statement.all(params)),
    get: (params) => guarded(() => statement.get(params)),
    run: (params) => guarded(() => statement.run(params)),
    finalize: () => statement.finalize(),
  })
  return {
    description: inner.description,
    exec: (sql) => guarded(() => inner.exec(sql)),
    prepare: (sql, options) => wrap(inner.prepare(sql, options)),
    createFunction: (name, options, implementation) => inner.createFunction(name, options, implementation),
    isInTransaction: () => !fuse.isBlown && inner.isInTransaction(),
    serialize: () => guarded(() => inner.serialize()),
    close: () => undefined,
  }
}

/** What the next process finds: a file without the transaction that was open. */
export const afterCrash = (inner: SqliteConnection): SqliteConnection => {
  if (inner.isInTransaction()) inner.exec('ROLLBACK')
  return inner
}
