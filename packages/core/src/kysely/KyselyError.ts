import * as Data from 'effect/Data'

/** A Kysely query that cannot be run, or whose rows would not be what their type says. The problem says what to write instead. */
export class KyselyInvalid extends Data.TaggedError('KyselyInvalid')<{ readonly problem: string }> {
  override get message(): string {
    return `Invalid Kysely query: ${this.problem}`
  }
}

/** A Kysely query names a table that its schema does not have. */
export class UnknownTable extends Data.TaggedError('UnknownTable')<{
  readonly table: string
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    return `The schema has no table "${this.table}"; it has ${this.known.map((name) => `"${name}"`).join(', ')}`
  }
}
