import { classifySqliteError } from '@headwater/core/sqlite'

/**
 * SQLite's own limit (SQLITE_MAX_EXPR_DEPTH), which wa-sqlite is compiled without: there a deep expression overflows the
 * stack in the middle of a call and leaves SQLite's memory in pieces, where other builds say that the tree is too large.
 */
const deepest = 1000

const token =
  /'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\|\||<<|>>|<[=>]?|>=|[!=]=|->>?|[-+*/%=>&|~(),;]/g

const wordOperators: ReadonlySet<string> = new Set([
  'AND',
  'OR',
  'NOT',
  'IS',
  'IN',
  'LIKE',
  'GLOB',
  'REGEXP',
  'MATCH',
  'BETWEEN',
  'COLLATE',
  'ISNULL',
  'NOTNULL',
  'CASE',
])

/** Refuses a text whose expressions may be too deep. **Fails with** `SqliteError.SqlInvalid`, as other builds do. */
export const refuseDeepExpression = (operation: string, sql: string): void => {
  // The shortest level is one character, `~`.
  if (sql.length <= deepest || expressionDepth(sql) <= deepest) return
  throw classifySqliteError({
    code: 'SQLITE_ERROR',
    operation,
    detail: `Expression tree is too large (maximum depth ${deepest})`,
    sql,
  })
}

/**
 * An upper bound of the depth of the expressions in a text, never less than the truth: operators are counted up to the
 * comma, semicolon or SELECT that ends an expression, on top of those of the brackets around it.
 */
export const expressionDepth = (sql: string): number => {
  const outer: Array<number> = []
  let around = 0
  let operators = 0
  let depth = 0
  for (const [text] of sql.matchAll(token)) {
    if (text === '(') {
      outer.push(operators)
      around += operators + 1
      operators = 0
    } else if (text === ')') {
      operators = outer.pop() ?? 0
      around = Math.max(0, around - operators - 1)
    } else if (text === ',' || text === ';' || text.toUpperCase() === 'SELECT') operators = 0
    else if (isOperator(text)) operators += 1
    depth = Math.max(depth, around + operators)
  }
  return depth
}

const isOperator = (text: string): boolean => {
  const first = text.charCodeAt(0)
  if (text.startsWith('--') || text.startsWith('/*') || '\'"`['.includes(text.charAt(0))) return false
  const isWord = first === 95 || first >= 128 || (first >= 65 && first <= 90) || (first >= 97 && first <= 122)
  return !isWord || wordOperators.has(text.toUpperCase())
}
