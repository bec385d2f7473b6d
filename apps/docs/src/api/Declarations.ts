/**
 * What an entry point exports, read from the declarations that the compiler has written: each with its docblock and its text.
 * They are regular: a declaration begins at the start of a line, and ends with the next line that begins with `}` or ends
 * with `;` where it began. A test holds the names to the API snapshots of the release tooling.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'

export type DeclarationKind = 'function' | 'class' | 'error' | 'type'

export interface Declaration {
  /** As the entry point calls it. */
  readonly name: string
  readonly kind: DeclarationKind
  /** Markdown, without the stars. */
  readonly docblock: string
  /** TypeScript, without what is internal. Empty for a module of another package. */
  readonly text: string
  /** The declarations' file. Absolute. */
  readonly file: string
}

/** Sorted by name, each once. **Shape** `file`: of the entry point's declarations. **Fails with** `Error`: a name that nobody declares. */
export const declarationsOf = (file: string): ReadonlyArray<Declaration> => {
  const names = [...new Set(exportedNames(file))]
  return names
    .map((name) => declarationFor(file, name))
    .toSorted((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))
}

/** The docblock at the file's head, which says what the module is. */
export const moduleText = (file: string): string => {
  const source = readFileSync(file, 'utf8')
  return source.startsWith('/**') ? docblockText(source.slice(0, source.indexOf('*/') + 2)) : ''
}

interface Statement {
  readonly docblock: string
  readonly text: string
}

/** Statements of a file, each with the docblock before it: lines from one at the margin to the one at the margin that ends it. */
const statementsOf = (file: string): ReadonlyArray<Statement> => {
  const statements: Array<Statement> = []
  let docblock = ''
  let open: Array<string> = []
  let isComment = false
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (open.length === 0 && (line === '' || line.startsWith('//'))) continue
    if (open.length === 0) isComment = line.startsWith('/**')
    open.push(line)
    const isAtEnd = isComment ? line.endsWith('*/') : /^\S.*;$|^\}$|^\}.*[^{]$/.test(line)
    if (!isAtEnd) continue
    if (isComment) docblock = open.join('\n')
    else {
      statements.push({ docblock, text: open.join('\n') })
      docblock = ''
    }
    open = []
  }
  return statements
}

const declares = /^(?:export )?(?:declare )?(?:abstract )?(?:const|let|function|class|interface|type|enum) (\w+)/

/** `{ a, type B as C }` of an import or export. **Shape** the name here by the name outside. */
const listedNames = (list: string): ReadonlyMap<string, string> =>
  new Map(
    list
      .split(',')
      .map((each) =>
        each
          .trim()
          .replace(/^type /, '')
          .split(' as '),
      )
      .filter(([name]) => name !== '')
      .map(([name = '', as = name]) => [as, name]),
  )

interface ListStatement {
  readonly names: ReadonlyMap<string, string>
  readonly from: string | undefined
}

const listStatements = (file: string, verb: 'import' | 'export'): ReadonlyArray<ListStatement> =>
  statementsOf(file).flatMap(({ text }) => {
    const [, list, from] = new RegExp(`^${verb} (?:type )?\\{([^}]*)\\}(?: from '(\\.[^']+)')?;$`).exec(text) ?? []
    return list === undefined ? [] : [{ names: listedNames(list), from }]
  })

const starTargets = (file: string): ReadonlyArray<string> =>
  statementsOf(file).flatMap(({ text }) => {
    const [, from] = /^export \* from '(\.[^']+)';$/.exec(text) ?? []
    return from === undefined ? [] : [fileOf(file, from)]
  })

/** `export * as Schema from 'effect/Schema'`. */
const foreignModules = (file: string): ReadonlyMap<string, string> =>
  new Map(
    statementsOf(file).flatMap(({ text }) => {
      const [, name, from] = /^export \* as (\w+) from '([^']+)';$/.exec(text) ?? []
      return name === undefined ? [] : [[name, from!] as const]
    }),
  )

const exportedNames = (file: string): ReadonlyArray<string> => [
  ...statementsOf(file).flatMap(({ text }) => (text.startsWith('export ') ? (declares.exec(text)?.[1] ?? []) : [])),
  ...listStatements(file, 'export').flatMap(({ names }) => [...names.keys()]),
  ...starTargets(file).flatMap(exportedNames),
  ...foreignModules(file).keys(),
]

const fileOf = (from: string, specifier: string): string =>
  path.join(path.dirname(from), specifier.replace(/\.(js|ts)$/, '.d.ts'))

/** Where the name leads, through as many files as hand it on. */
const declarationFor = (file: string, name: string): Declaration => {
  const own = statementsOf(file).filter(({ text }) => declares.exec(text)?.[1] === name)
  if (own.length > 0) {
    const text = own.map((statement) => publicText(statement.text, name)).join('\n')
    const docblock = docblockText(own.find((statement) => statement.docblock !== '')?.docblock ?? '')
    return { name, kind: kindOf(text), docblock, text, file }
  }
  const from = foreignModules(file).get(name)
  if (from !== undefined) return { name, kind: 'function', docblock: `The module \`${from}\`.`, text: '', file }
  const list = [...listStatements(file, 'export'), ...listStatements(file, 'import')].find(
    ({ names, from: target }) => target !== undefined && names.has(name),
  )
  if (list !== undefined) {
    const original = list.names.get(name)!
    const found = declarationFor(fileOf(file, list.from!), original)
    return { ...found, name, text: found.text.replaceAll(new RegExp(`\\b${original}\\b`, 'g'), name) }
  }
  const star = starTargets(file).find((target) => exportedNames(target).includes(name))
  if (star === undefined) throw new Error(`${file} exports ${name}, and nobody declares it`)
  return declarationFor(star, name)
}

const kindOf = (text: string): DeclarationKind => {
  if (/^(abstract )?class \w+ extends (TaggedError|Schema\.TaggedError)/.test(text)) return 'error'
  if (/^(abstract )?class/.test(text)) return 'class'
  return /^(interface|type)/.test(text) ? 'type' : 'function'
}

/** Without `export declare`, private members, what is marked internal, and names that only the compiler has given. */
const publicText = (text: string, name: string): string =>
  text
    .replace(/^export /, '')
    .replace(/^declare /, '')
    .replace(new RegExp(`\\b${name}_base\\b`), 'TaggedError')
    .replaceAll(/^ *\/\*\*(?:(?!\*\/)[^])*@internal(?:(?!\*\/)[^])*\*\/\n.*\n/gm, '')
    .replaceAll(/^ *(#private|private [^;]*);\n/gm, '')
    .replaceAll(/import\("[^"]*"\)\./g, '')
    .replaceAll(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2))
    .replaceAll(/;$/gm, '')

/** Stars gone, links to names as code, examples and tables as they are. */
const docblockText = (block: string): string =>
  block
    .trim()
    .replace(/^\/\*\*[ \n]?/, '')
    .replace(/\s*\*\/$/, '')
    .replaceAll(/^ *\* ?/gm, '')
    .replaceAll(/\{@link ([\w.]+)\}/g, '`$1`')
    .replaceAll(/^\*\*Source\*\*.*\n?/gm, '')
    .replaceAll(/^@\w+.*\n?/gm, '')
    .replaceAll(/^#+ (.*)$/gm, '**$1**')
    .trim()
