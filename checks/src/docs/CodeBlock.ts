/**
 * The fenced blocks of a page, and what is promised of each by the words behind its language:
 *
 * | Block                          | Promise                                                                                    |
 * | ------------------------------ | ------------------------------------------------------------------------------------------ |
 * | `ts`, `tsx`                    | compiles, behind the blocks before it, which it may build on                               |
 * | `ts run`                       | runs too; a line that ends with `// => value` answers that, one with `// throws Name` fails |
 * | `ts title="name.ts"`           | a file of an app; compiles beside the page's other files (its last version, if there are several) |
 * | `ts file=path`                 | is that file (`EmbeddedSources.ts`)                                                         |
 * | `ts server`, `ts browser`      | compiles; `release:check` runs it                                                          |
 * | `json`                         | parses                                                                                     |
 * | `sh`, `console`                | names scripts, files, packages and flags that exist (`ShellBlock.ts`)                        |
 *
 * `<!-- code: Todos -->` before a block begins a new program: the blocks behind it see what `contexts/Todos.ts` exports and
 * not what stood before. `<!-- code -->` begins one that sees nothing.
 */

export interface CodeBlock {
  /** From the root of the repository. */
  readonly page: string
  /** Line of the page on which the code begins, from 1. */
  readonly line: number
  readonly language: string
  /** Words behind the language. */
  readonly flags: ReadonlyArray<string>
  readonly code: string
  /** Which program of the page it belongs to, from 0. */
  readonly program: number
  /** File in `contexts/` that its program sees, without extension. */
  readonly context: string | undefined
}

/** In order. A block within a list is taken without its indentation. */
export const codeBlocks = (page: string, text: string): ReadonlyArray<CodeBlock> => {
  const blocks: Array<CodeBlock> = []
  let program = 0
  let context: string | undefined
  const parts = /^<!-- code(?:: (\w+))? -->$|^( *)(`{3,})([^\n`]*)\n([^]*?)^\2\3 *$/gm
  for (const match of text.matchAll(parts)) {
    const [, named, indent = '', fence, info = '', body = ''] = match
    if (fence === undefined) {
      program += 1
      context = named
      continue
    }
    const [language = '', ...flags] = info.trim().split(/\s+/)
    const line = text.slice(0, match.index).split('\n').length + 1
    const code = body.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
    blocks.push({ page, line, language, flags, code, program, context })
  }
  return blocks
}

export const isProgram = ({ language, flags }: CodeBlock): boolean =>
  ['ts', 'tsx', 'js', 'jsx'].includes(language) && !flags.some((flag) => /^(file|title)=/.test(flag))

/** Of a block that is a file of an app. */
export const titleOf = ({ flags }: CodeBlock): string | undefined =>
  flags.map((flag) => /^title="([^"]+)"$/.exec(flag)?.[1]).find((title) => title !== undefined)

export const isRun = (block: CodeBlock): boolean => isProgram(block) && block.flags.includes('run')

/** Where it stands, for messages. **Shape**  `docs/queries.md:12`. */
export const placeOf = ({ page, line }: CodeBlock): string => `${page}:${line}`
