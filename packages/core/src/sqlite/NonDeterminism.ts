import { foldCase } from '../schema/Identifier.ts'
import type { SqlToken } from './SqlToken.ts'

/**
 * SQL whose result is not a function of the tables and the bound values: a materializer must answer the same on every
 * client and at every replay.
 *
 *  1. Functions that ask the machine, the connection or the moment: the first table below.
 *  2. Date functions whose time value is, or could turn out to be, `'now'`, or that use the local time zone. Allowed:
 *     a literal time value other than 'now', or the modifier 'unixepoch' or 'julianday' directly behind the time value,
 *     with which SQLite takes numbers only.
 *
 * Not caught: the last digit of `sin`, `pow` and their like, which is the platform's; the order of `group_concat`.
 *
 * **Source**  spec section 6, last paragraph; sqlite.org/lang_datefunc.html.
 */

const refusedFunctions: ReadonlySet<string> = new Set([
  'random',
  'randomblob',
  'changes',
  'total_changes',
  'last_insert_rowid',
  'current_date',
  'current_time',
  'current_timestamp',
  'sqlite_version',
  'sqlite_source_id',
  'sqlite_compileoption_used',
  'sqlite_compileoption_get',
  'sqlite_log',
  'sqlite_offset',
  'load_extension',
  'sqlite_attach',
  'sqlite_detach',
  'sqlite_rename_column',
  'sqlite_rename_table',
])

/** Where the time value stands among the arguments. */
const timeValueAt: ReadonlyMap<string, number> = new Map([
  ['date', 0],
  ['time', 0],
  ['datetime', 0],
  ['julianday', 0],
  ['unixepoch', 0],
  ['strftime', 1],
])

/**
 * Why a statement is not deterministic, or `undefined`.
 *
 * **Shape**  `functions`: those its byte code calls, lower case; `tokens`: of its text.
 */
export const nonDeterminism = (functions: ReadonlySet<string>, tokens: ReadonlyArray<SqlToken>): string | undefined => {
  for (const name of functions) {
    if (refusedFunctions.has(name)) return `${name}() answers differently on every client`
    if (name.startsWith('__headwater')) return `${name}() belongs to Headwater`
    if (name === 'timediff') return 'timediff() may be given the current time'
    if (!timeValueAt.has(name)) continue
    const calls = callsOf(name, tokens)
    if (calls.length === 0) return `${name}() may be given the current time`
    for (const call of calls) {
      const problem = dateProblem(name, call)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

/** The arguments of every call of `name`, each argument as its tokens. */
const callsOf = (
  name: string,
  tokens: ReadonlyArray<SqlToken>,
): ReadonlyArray<ReadonlyArray<ReadonlyArray<SqlToken>>> =>
  tokens.flatMap((token, index) => {
    const isName = (token.kind === 'word' || token.kind === 'name') && foldCase(token.text) === name
    const opens = tokens[index + 1]
    return isName && opens?.kind === 'symbol' && opens.text === '(' ? [argumentsFrom(tokens, index + 2)] : []
  })

const argumentsFrom = (tokens: ReadonlyArray<SqlToken>, start: number): ReadonlyArray<ReadonlyArray<SqlToken>> => {
  const args: Array<Array<SqlToken>> = [[]]
  for (let depth = 0, index = start; index < tokens.length; index++) {
    const token = tokens[index]
    if (token === undefined) break
    const symbol = token.kind === 'symbol' ? token.text : ''
    if (symbol === ')' && depth === 0) break
    depth += symbol === '(' ? 1 : symbol === ')' ? -1 : 0
    if (symbol === ',' && depth === 0) args.push([])
    else args.at(-1)?.push(token)
  }
  return args.filter((arg) => arg.length > 0)
}

const dateProblem = (name: string, args: ReadonlyArray<ReadonlyArray<SqlToken>>): string | undefined => {
  const at = timeValueAt.get(name) ?? 0
  const literals = args.map((arg) =>
    arg.length === 1 && arg[0]?.kind === 'string' ? foldCase(arg[0].text).trim() : undefined,
  )
  const timeValue = args[at]
  if (timeValue === undefined || literals[at] === 'now')
    return `${name}() without a time value, or of 'now', is the current time`
  const modifiers = literals.slice(at + 1)
  if (modifiers.some((modifier) => modifier === 'localtime' || modifier === 'utc')) {
    return `${name}() with the local time zone answers differently on every client`
  }
  // A modifier that is not a literal may turn out to be 'localtime'.
  if (modifiers.includes(undefined)) return `${name}(): its modifiers must be literals`
  const isNumeric = modifiers[0] === 'unixepoch' || modifiers[0] === 'julianday'
  const isLiteral = literals[at] !== undefined || (timeValue.length === 1 && timeValue[0]?.kind === 'number')
  return isLiteral || isNumeric
    ? undefined
    : `${name}(): its time value could be 'now' at run time; add the modifier 'unixepoch', or compute it in JavaScript`
}
