/**
 * Pages that show parts of the repository's source. `pnpm docs:embed` fills them, a test holds them to it:
 *
 * | In the page                                         | Is                                                        |
 * | --------------------------------------------------- | --------------------------------------------------------- |
 * | a fenced block with `ts file=path`                  | the whole file                                            |
 * | `<!-- head of path -->` to `<!-- end of path -->`   | the docblock at the file's head, as Markdown              |
 * | `<!-- sql of path -->` to `<!-- end of path -->`    | the tables that the file makes, as SQL                    |
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { workspaceRoot } from '../workspace/Workspace.ts'

/** **Shape**  paths from the root, of every page in `docs/` that shows a part of the source. */
export const embeddingPages = (): ReadonlyArray<string> =>
  globSync('docs/**/*.md', { cwd: workspaceRoot }).filter((page) => embedSources(readPage(page)).files.length > 0)

export const readPage = (page: string): string => readFileSync(path.join(workspaceRoot, page), 'utf8')

/** The text with everything in it that is a source's filled from it. **Shape** `files`: in order, from the root. */
export const embedSources = (text: string): { readonly text: string; readonly files: ReadonlyArray<string> } => {
  const files: Array<string> = []
  // Four backticks where the source has three in a comment.
  const withFiles = text.replaceAll(
    /^(`{3,})(\w+) file=(\S+)\n[^]*?^\1$/gm,
    (_, fence: string, language: string, file: string) => {
      files.push(file)
      return `${fence}${language} file=${file}\n${readPage(file)}${fence}`
    },
  )
  const filled = withFiles.replaceAll(
    /^<!-- (head|sql) of (\S+) -->\n[^]*?^<!-- end of \2 -->$/gm,
    (_, part: string, file: string) => {
      files.push(file)
      const source = readPage(file)
      const shown = part === 'head' ? headOf(source) : `\`\`\`sql\n${sqlOf(source)}\n\`\`\``
      return `<!-- ${part} of ${file} -->\n\n${shown}\n\n<!-- end of ${file} -->`
    },
  )
  return { text: filled, files }
}

/** Whether two pages say the same: the formatter sets tables its own way. */
export const isSamePage = (a: string, b: string): boolean => withoutLayout(a) === withoutLayout(b)

/** Spaces, the width of columns, cells that a row lacks at its end, how many lines are free. */
const withoutLayout = (text: string): string =>
  text
    .replaceAll(/-{2,}/g, '-')
    .replaceAll(/ *\| */g, '|')
    .replaceAll(/\|+$/gm, '|')
    .replaceAll(/[ \t]+/g, ' ')
    .replaceAll(/ *\n/g, '\n')
    .replaceAll(/\n{2,}/g, '\n')

/** The first docblock, headings one level down, `{@link X}` as code. What is for the file's readers only is left out. */
const headOf = (source: string): string => {
  const [, block = ''] = /\/\*\*\n([^]*?)\n \*\//.exec(source) ?? []
  return block
    .replaceAll(/^ \* ?/gm, '')
    .replaceAll(/\{@link (\w+)\}/g, '`$1`')
    .replaceAll(/^## /gm, '### ')
    .replaceAll(/^\*\*Source\*\*.*$/gm, '')
    .trim()
}

/** Statements of every template text that makes a table, with the constants of the file in them as their values. */
const sqlOf = (source: string): string =>
  [...source.matchAll(/`(\s*CREATE TABLE[^`]*)`/g)]
    .map(([, sql]) => sql!.replaceAll(/^ {2}(?=\S)/gm, '').trim())
    .join('\n\n')
    .replaceAll(/\$\{(\w+)\}/g, (whole, name) => new RegExp(`const ${name} = (.+)$`, 'm').exec(source)?.[1] ?? whole)

if (import.meta.main)
  for (const page of embeddingPages()) {
    const text = readPage(page)
    const filled = embedSources(text).text
    if (!isSamePage(text, filled)) writeFileSync(path.join(workspaceRoot, page), filled)
  }
