/** One module made of the blocks of a page: each block is a scope within the one before it. */
import { type CodeBlock, placeOf } from './CodeBlock.ts'

/** Blocks of one program of a page. */
export interface PageProgram {
  readonly page: string
  readonly number: number
  readonly context: string | undefined
  readonly blocks: ReadonlyArray<CodeBlock>
}

/** **Shape**  by page and number, in order. */
export const pagePrograms = (blocks: ReadonlyArray<CodeBlock>): ReadonlyArray<PageProgram> => {
  const programs = Map.groupBy(blocks, ({ page, program }) => `${page} ${program}`)
  return [...programs.values()].map((own) => {
    const { page, program, context } = own[0]!
    return { page, number: program, context, blocks: own }
  })
}

/** What a context's file exports. */
export interface ContextExport {
  readonly name: string
  readonly isType: boolean
}

export const contextExports = (text: string): ReadonlyArray<ContextExport> => [
  ...[...text.matchAll(/^export (?:declare |async |abstract )*(const|let|function|class|interface|type) (\w+)/gm)].map(
    ([, kind, name]) => ({ name: name!, isType: kind === 'interface' || kind === 'type' }),
  ),
  // `export { a, type B } from '…'`
  ...[...text.matchAll(/^export \{([^}]*)\} from '/gm)].flatMap(([, names]) =>
    [...names!.matchAll(/(type )?(\w+)(?:,|\s*$)/g)].map(([, type, name]) => ({
      name: name!,
      isType: type !== undefined,
    })),
  ),
]

/** Ends of lines that a program is held to. */
const answer = /^(\s*);?(.*\S)\s+\/\/ => (.+)$/
const failure = /^(\s*)(.*\S)\s+\/\/ throws (\w+)$/

/**
 * The module's text.
 *
 * **Shape**  `contextFile`: specifier of the context; `isChecked`: with what the ends of lines promise.
 */
export const programText = (
  { context, blocks }: PageProgram,
  exports: ReadonlyArray<ContextExport>,
  contextFile: string,
  isChecked: boolean,
): string => {
  const imports = new ImportList()
  const bodies = blocks.map((block) => {
    const code = imports
      .takeFrom(block.code)
      .replaceAll(/^export (?=const|function|class|async|interface|type|declare)/gm, '')
    const lines = code.split('\n')
    return `// ${placeOf(block)}\n${(isChecked ? lines.map((line, at) => checkedLine(line, block, at)) : lines).join('\n')}`
  })
  const text = `{\n${bodies.join('\n{\n')}\n${'}'.repeat(bodies.length)}\n`
  if (context !== undefined) {
    const used = exports.filter(({ name }) => new RegExp(`\\b${name}\\b`).test(text) && !imports.has(name))
    for (const { name, isType } of used) imports.add(contextFile, isType ? `type ${name}` : name)
  }
  if (isChecked) imports.add('../src/docs/LinePromise.ts', 'promised')
  return `${imports.text()}\n${text}export {}\n`
}

const checkedLine = (line: string, block: CodeBlock, at: number): string => {
  const place = `'${block.page}:${block.line + at}'`
  const [, indent = '', statement = '', expected = ''] = answer.exec(line) ?? []
  if (expected !== '') {
    const [, name] = /^(?:const|let) (\w+)/.exec(statement) ?? []
    return name === undefined
      ? `${indent}promised.equal(${place}, ${statement}, ${expected})`
      : `${line}\n;promised.equal(${place}, ${name}, ${expected})`
  }
  const [, space = '', failing = '', error = ''] = failure.exec(line) ?? []
  return error === '' ? line : `${space}await promised.failure(${place}, async () => { ${failing} }, '${error}')`
}

/** Imports of all blocks, at the head of the module, each name once. */
class ImportList {
  readonly #named = new Map<string, Set<string>>()
  readonly #whole = new Set<string>()
  readonly #declared = new Set<string>()

  /** The code without its imports, with as many lines. */
  takeFrom(code: string): string {
    return code
      .replaceAll(/^import (?:type )?(?:[^'";]*? from )?'[^']+'(?: *\/\/.*)?$/gm, (line) => {
        const statement = line.replace(/ *\/\/.*$/, '')
        const blank = line.replaceAll(/[^\n]/g, '')
        const [, type, names, specifier] = /^import (type )?\{([^}]*)\} from '([^']+)'$/.exec(statement) ?? []
        // Files of the reader's own: the context has what they export.
        if (specifier?.startsWith('./') === true) return blank
        if (specifier === undefined) this.#whole.add(statement)
        else
          for (const name of names!
            .split(',')
            .map((each) => each.trim())
            .filter((each) => each !== ''))
            this.add(specifier, type === undefined ? name : `type ${name}`)
        return blank
      })
      .replaceAll(/^declare .*$/gm, (line) => {
        // Stands at the head of a module only.
        this.#declared.add(line)
        return ''
      })
  }

  add(specifier: string, name: string): void {
    const names = this.#named.get(specifier) ?? new Set()
    // As a value it is a type, too.
    if (!names.has(name.replace(/^type /, ''))) names.add(name)
    if (!name.startsWith('type ')) names.delete(`type ${name}`)
    this.#named.set(specifier, names)
  }

  has(name: string): boolean {
    const named = [...this.#named.values()].some((names) =>
      [...names].some((each) => each.endsWith(name) && new RegExp(`\\b${name}$`).test(each)),
    )
    return named || [...this.#whole].some((statement) => new RegExp(`\\b${name}\\b`).test(statement))
  }

  text(): string {
    const named = [...this.#named].map(
      ([specifier, names]) => `import { ${[...names].join(', ')} } from '${specifier}'`,
    )
    return [...this.#whole, ...named, ...this.#declared].join('\n')
  }
}
