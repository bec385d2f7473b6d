/** Files that pages link to and that are no pages: the source itself, as a page of the site. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/** Address of a file or folder of the source: Astro leaves dots out of addresses. */
export const sourceSlug = (file: string): string =>
  `source/${file.replaceAll(/(^|\/)\./g, '$1').replaceAll('.', '-')}`.toLowerCase()

const languageOf: Readonly<Record<string, string>> = {
  '.ts': 'ts',
  '.tsx': 'tsx',
  '.mjs': 'js',
  '.js': 'js',
  '.json': 'json',
  '.yml': 'yaml',
  '.yaml': 'yaml',
  '.md': 'md',
  '.sh': 'sh',
}

/** **Shape**  Markdown without its title; for a folder the list of what is in it. */
export const sourceText = (root: string, file: string): string => {
  const absolute = path.join(root, file)
  if (!statSync(absolute).isDirectory())
    return fenced(readFileSync(absolute, 'utf8'), languageOf[path.extname(file)] ?? 'text')
  const names = readdirSync(absolute, { withFileTypes: true })
    .filter(({ name }) => !/^(\.|node_modules$|dist$)/.test(name))
    .map((entry) => `- \`${entry.name}${entry.isDirectory() ? '/' : ''}\``)
  return `The folder \`${file}\` of the repository:\n\n${names.join('\n')}`
}

/** With one more backtick than the text has in a row. */
const fenced = (text: string, language: string): string => {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`
}
