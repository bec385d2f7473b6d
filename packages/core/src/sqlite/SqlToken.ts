/**
 * The tokens of an SQL text, as SQLite's own tokenizer splits it: enough to see a statement's first word, its
 * identifiers and the arguments of a call, whatever is quoted or commented out.
 *
 * **Source**  sqlite.org/draft/tokenreq.html, src/tokenize.c.
 */

export interface SqlToken {
  /** A `word` is a keyword or a bare name; a `name` is a quoted one, without its quotes. */
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol'
  readonly text: string
}

/** White space and comments · string · quoted names · number · word or parameter · blob · any other character. */
const pattern =
  /(?<space>\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>[xX]?'(?:[^']|'')*'?)|(?<name>"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?)|(?<number>(?:\d|\.\d)[\w.]*(?:(?<=[eE])[+-]\d+)?)|(?<word>[A-Za-z_\u0080-\u{10ffff}][\w$\u0080-\u{10ffff}]*)|(?<symbol>[\s\S])/uy

/** Splits `sql`; white space and comments are left out. Never fails: what is no token is a symbol. */
export const sqlTokens = (sql: string): ReadonlyArray<SqlToken> => {
  const tokens: Array<SqlToken> = []
  for (const { groups } of sql.matchAll(new RegExp(pattern, 'guy'))) {
    const token = groups === undefined ? undefined : tokenOf(groups)
    if (token !== undefined) tokens.push(token)
  }
  return tokens
}

const tokenOf = (groups: Readonly<Record<string, string | undefined>>): SqlToken | undefined => {
  if (groups['space'] !== undefined) return undefined
  for (const kind of ['word', 'number', 'symbol'] as const) {
    const text = groups[kind]
    if (text !== undefined) return { kind, text }
  }
  if (groups['string'] !== undefined) return { kind: 'string', text: unquote(groups['string'].replace(/^[xX]/, '')) }
  return { kind: 'name', text: unquote(groups['name'] ?? '') }
}

const unquote = (quoted: string): string => {
  const mark = quoted[0] ?? ''
  const close = mark === '[' ? ']' : mark
  return quoted.slice(1, quoted.length > 1 && quoted.endsWith(close) ? -1 : undefined).replaceAll(close + close, close)
}
