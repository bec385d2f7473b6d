import type { TableDefinition } from '../schema/TableDefinition.ts'
import { UnknownColumn } from '../schema/SchemaError.ts'
import { KyselyInvalid, UnknownTable } from './KyselyError.ts'
import { asserted, outerJoined, type ResultColumn, type ResultValue } from './ResultValue.ts'

/** What stands behind FROM or JOIN. **Shape** `columns`: `undefined` for raw SQL, whose columns nobody knows. */
export interface Source {
  readonly name: string
  readonly columns: ReadonlyArray<ResultColumn> | undefined
}

/** Tables and common table expressions by name. */
export interface Names {
  readonly tables: ReadonlyMap<string, TableDefinition>
  readonly expressions: ReadonlyMap<string, ReadonlyArray<ResultColumn> | undefined>
}

/** What the names in one SELECT mean. */
export class Scope {
  readonly names: Names
  readonly #outer: Scope | undefined
  readonly isGrouped: boolean
  #sources: ReadonlyArray<Source> = []
  /** One row is answered even if there is none to answer from: columns are NULL in it, which no type says. */
  isAggregated = false
  /** Result columns, which ORDER BY and the like may name. */
  aliases: ReadonlySet<string> = new Set()

  constructor(names: Names, outer: Scope | undefined, isGrouped: boolean) {
    this.names = names
    this.#outer = outer
    this.isGrouped = isGrouped
  }

  get sources(): ReadonlyArray<Source> {
    return this.#sources
  }

  add(source: Source): void {
    if (this.#sources.some(({ name }) => name === source.name))
      throw new KyselyInvalid({ problem: `"${source.name}" stands for two tables: give one of them an alias` })
    this.#sources = [...this.#sources, source]
  }

  /** What stands there so far may be missing in a row. */
  makeNullable(isMade: (source: Source) => boolean): void {
    this.#sources = this.#sources.map((source) =>
      isMade(source)
        ? { ...source, columns: source.columns?.map(({ name, value }) => ({ name, value: outerJoined(value) })) }
        : source,
    )
  }

  /** **Fails with** `UnknownTable`. */
  source(table: string): Source {
    const source = this.#sources.find(({ name }) => name === table) ?? this.#outer?.source(table)
    if (source !== undefined) return source
    throw new UnknownTable({ table, known: this.#sources.map(({ name }) => name) })
  }

  /** Whether that column is of this SELECT itself, not of one around it. */
  isOwn(table: string | undefined, name: string): boolean {
    return this.#sources.some(
      (source) =>
        (table === undefined || source.name === table) &&
        (source.columns === undefined || source.columns.some((column) => column.name === name)),
    )
  }

  /** The column of that name, with or without its table. **Fails with** `UnknownTable`, `UnknownColumn`, `KyselyInvalid`. */
  column(table: string | undefined, name: string): ResultValue {
    const value = this.#find(table, name)
    if (value !== undefined) return value
    const known = (table === undefined ? this.#sources : [this.source(table)]).flatMap(({ columns = [] }) => columns)
    throw new UnknownColumn({
      table: table ?? this.#sources.map((source) => source.name).join(', '),
      column: name,
      known: known.map((column) => column.name),
    })
  }

  #find(table: string | undefined, name: string): ResultValue | undefined {
    const isHere = table === undefined || this.#sources.some((source) => source.name === table)
    if (!isHere) return this.#outer === undefined ? undefined : this.#outer.#find(table, name)
    const sources = table === undefined ? this.#sources : [this.source(table)]
    const found = sources.flatMap(({ columns = [] }) => columns).filter((column) => column.name === name)
    if (found.length > 1)
      throw new KyselyInvalid({ problem: `"${name}" may be of several tables: write it as "table.${name}"` })
    const value = found[0]?.value ?? (sources.some(({ columns }) => columns === undefined) ? asserted : undefined)
    if (value !== undefined) return this.isAggregated && value.nulls !== 'typed' ? { ...value, nulls: 'hidden' } : value
    return table === undefined && this.#outer !== undefined ? this.#outer.#find(table, name) : undefined
  }
}
