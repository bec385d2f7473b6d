/** Which rows and columns of which table a shape has, as a request says it. */
import type { ShapeTable } from './ShapeTable.ts'

export interface ShapeDefinition {
  readonly table: ShapeTable
  /** Names, in the order of the table. */
  readonly columns: ReadonlyArray<string>
  readonly condition: ShapeCondition | undefined
}

/** `column operator value`; all values are text. */
export interface ShapeCondition {
  readonly column: string
  readonly operator: '=' | '<>'
  readonly value: string
}

/** **Shape** messages by the parameter they speak of, as Electric words them. */
export type ShapeErrors = Readonly<Record<string, ReadonlyArray<string>>>

/** What two requests have in common that share a shape. */
export const definitionKey = ({ table, columns, condition }: ShapeDefinition): string =>
  JSON.stringify([table.schema, table.name, columns, condition ?? null])

/** Reads `columns`, `where` and `params[n]` of a request for this table. */
export const readDefinition = (
  table: ShapeTable,
  query: URLSearchParams,
): ShapeDefinition | { readonly errors: ShapeErrors } => {
  const asked = query.get('columns')
  const columns = asked === null ? table.columns.map(({ name }) => name) : asked.split(',').map(unquote)
  const missing = table.keyColumns.filter((name) => !columns.includes(name))
  if (missing.length > 0) {
    const message = `The list of columns must include all primary key columns, missing: ${missing.join(', ')}`
    return { errors: { columns: [message] } }
  }
  const unknown = columns.filter((name) => !table.columns.some((column) => column.name === name))
  if (unknown.length > 0)
    return { errors: { columns: [`The following columns could not be found: ${unknown.join(', ')}`] } }
  const inOrder = table.columns.map(({ name }) => name).filter((name) => columns.includes(name))
  const where = query.get('where')
  if (where === null) return { table, columns: inOrder, condition: undefined }
  const condition = readCondition(table, where, query)
  return typeof condition === 'string' ? { errors: { where: [condition] } } : { table, columns: inOrder, condition }
}

const unquote = (name: string): string => name.trim().replace(/^"(.*)"$/, '$1')

/** The few that this double knows: one column compared with a parameter or a constant. */
const readCondition = (table: ShapeTable, where: string, query: URLSearchParams): ShapeCondition | string => {
  const [, column = '', , operator = '', value = ''] =
    /^\s*"?(\w+)"?(\s*)([^\s\w'$"]+)\s*(\$\d+|'(?:[^']|'')*'|\d+)\s*$/.exec(where) ?? []
  if (column === '') return 'At location 0: syntax that this double of Electric does not know'
  if (!table.columns.some(({ name }) => name === column)) return `At location 0: unknown reference ${column}`
  if (operator !== '=' && operator !== '<>') {
    return `At location ${where.indexOf(operator)}: unknown binary operator "${operator}"`
  }
  if (!value.startsWith('$')) return { column, operator, value: value.replace(/^'(.*)'$/, '$1').replaceAll("''", "'") }
  const parameter = query.get(`params[${value.slice(1)}]`)
  return parameter === null
    ? `At location ${where.indexOf(value)}: parameter ${value} was not provided`
    : { column, operator, value: parameter }
}

/** Whether a row, by column, is one of the shape's. */
export const isInShape = (
  { condition }: ShapeDefinition,
  row: ReadonlyMap<string, string | null | undefined>,
): boolean => {
  if (condition === undefined) return true
  const value = row.get(condition.column)
  if (value === null || value === undefined) return false
  return condition.operator === '=' ? value === condition.value : value !== condition.value
}
