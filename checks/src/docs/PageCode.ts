/** Compiles and runs the programs of pages, in a folder of their own beside the packages that they import. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { CommandFailed, runNode } from '../workspace/Command.ts'
import { readManifest, workspaceRoot } from '../workspace/Workspace.ts'
import { type CodeBlock, isProgram, isRun, placeOf, titleOf } from './CodeBlock.ts'
import { contextExports, type PageProgram, pagePrograms, programText } from './PageProgram.ts'

/** `checks` has every package of the workspace; what is written here imports as an app of theirs would. */
const folder = path.join(workspaceRoot, 'checks/.docs')
const contexts = path.join(import.meta.dirname, 'contexts')

const fileOf = ({ page, number, blocks }: PageProgram, suffix: string): string => {
  const isJsx = blocks.some(({ language }) => language.endsWith('x'))
  return `${page.replace(/\.mdx?$/, '').replaceAll(/\W+/g, '-')}-${number}${suffix}.ts${isJsx ? 'x' : ''}`
}

const textOf = (program: PageProgram, isChecked: boolean): string => {
  const { context, page } = program
  const file = path.join(contexts, `${context}.ts`)
  if (context !== undefined && !existsSync(file)) throw new Error(`${page}: there is no context ${context}`)
  const exports = context === undefined ? [] : contextExports(readFileSync(file, 'utf8'))
  // Behind the question mark is nothing but another instance: what a page commits, no other one sees.
  const instance = isChecked ? `?${fileOf(program, '')}` : ''
  return programText(program, exports, `../src/docs/contexts/${context}.ts${instance}`, isChecked)
}

/** An empty folder with the compiler's options; nothing of an earlier run is left in it. */
export const emptyCodeFolder = (): void => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const compilerOptions = {
    noEmit: true,
    rewriteRelativeImportExtensions: false,
    composite: false,
    declaration: false,
    declarationMap: false,
    isolatedModules: false,
    // As short as code on a page may be.
    verbatimModuleSyntax: false,
    jsx: 'react-jsx',
    lib: ['ES2024', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
    types: ['node', 'vite/client'],
  }
  const config = { extends: '../../tsconfig.base.json', compilerOptions, include: ['**/*.ts', '**/*.tsx'] }
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config))
}

/** **Shape**  one line for each thing that does not compile, with its place in the page. */
export const compileProblems = async (blocks: ReadonlyArray<CodeBlock>): Promise<ReadonlyArray<string>> => {
  const texts = new Map<string, string>()
  for (const program of pagePrograms(blocks.filter(isProgram))) {
    const text = textOf(program, false)
    texts.set(fileOf(program, ''), text)
    writeFileSync(path.join(folder, fileOf(program, '')), text)
  }
  for (const block of blocks) {
    const title = titleOf(block)
    if (title === undefined || !/\.tsx?$/.test(title)) continue
    const file = `${block.page.replace(/\.mdx?$/, '').replaceAll(/\W+/g, '-')}/${title}`
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    texts.set(file, `// ${placeOf(block)}\n${block.code}`)
    writeFileSync(path.join(folder, file), texts.get(file)!)
  }
  const typescript = path.dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
  const bin = readManifest(typescript).bin as Readonly<Record<string, string>>
  const said = await runNode([path.join(typescript, bin['tsc']!), '-p', folder, '--pretty', 'false'], {
    cwd: folder,
  }).catch((error: unknown) => {
    if (error instanceof CommandFailed) return error.output
    throw error
  })
  return said.split('\n').flatMap((line) => {
    const [, file, at, message] = /^(\S+)\((\d+),\d+\): error (.*)$/.exec(line) ?? []
    // What it says of files elsewhere is their own package's business: it has other options.
    const text = texts.get(file ?? '')
    if (file?.includes('docs/contexts/') === true) return [`${file}:${at}: ${message}`]
    return text === undefined ? [] : [`${placeIn(text, Number(at))}: ${message}`]
  })
}

/** Place in the page of a line of the module: every block begins with its own. */
const placeIn = (text: string, line: number): string => {
  const lines = text.split('\n').slice(0, line)
  const start = lines.findLastIndex((each) => /^\/\/ \S+\.mdx?:\d+$/.test(each))
  const [, page, first] = /^\/\/ (\S+):(\d+)$/.exec(lines[start] ?? '') ?? []
  return page === undefined ? 'imports' : `${page}:${Number(first) + lines.length - start - 2}`
}

/** Programs with blocks that are run. */
export const runPrograms = (blocks: ReadonlyArray<CodeBlock>): ReadonlyArray<PageProgram> =>
  pagePrograms(blocks.filter(isRun))

/**
 * Runs them one behind the other in one process, each in an empty folder and with a context of its own. **Shape**  one line
 * for each that fails: with what threw, or which line's promise is broken.
 */
export const runProblems = async (
  programs: ReadonlyArray<PageProgram>,
  scratch: string,
): Promise<ReadonlyArray<string>> => {
  const files = programs.map((program) => {
    const file = path.join(folder, fileOf(program, '.run'))
    writeFileSync(file, textOf(program, true))
    return file
  })
  const runner = path.join(import.meta.dirname, 'PageRunner.ts')
  const said = await runNode(['--no-warnings', runner, scratch, ...files], { cwd: scratch })
  return said
    .split('\n')
    .filter((line) => line.startsWith('PROBLEM '))
    .map((line) => JSON.parse(line.slice('PROBLEM '.length)) as string)
}
