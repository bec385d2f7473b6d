/** What the built pages refer to: links and anchors that lead nowhere, and what is loaded from other hosts. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface BuiltPage {
  /** Below the site's folder, with `/`. */
  readonly file: string
  readonly text: string
}

/** Every page, and every Markdown version. */
export const builtPages = (folder: string): ReadonlyArray<BuiltPage> =>
  globSync('**/*.{html,md}', { cwd: folder })
    .filter((file) => !file.startsWith('pagefind'))
    .map((file) => ({ file: file.replaceAll(path.sep, '/'), text: readFileSync(path.join(folder, file), 'utf8') }))
    .toSorted((a, b) => (a.file < b.file ? -1 : 1))

export interface LinkReport {
  /** **Shape** `page: target`. */
  readonly dead: ReadonlyArray<string>
  /** Scripts, styles, pictures and fonts of other hosts. **Shape** `page: target`. */
  readonly foreign: ReadonlyArray<string>
  /** Links to other hosts, each once; nobody fetches them. */
  readonly external: ReadonlyArray<string>
  readonly internal: number
}

/** **Shape**  `files`: every file of the site, below its folder. */
export const linkReport = (pages: ReadonlyArray<BuiltPage>, files: ReadonlySet<string>): LinkReport => {
  const anchors = new Map(pages.map(({ file, text }) => [file, anchorsOf(text)]))
  const dead: Array<string> = []
  const foreign: Array<string> = []
  const external = new Set<string>()
  let internal = 0
  for (const { file, text } of pages) {
    for (const { target, isLoaded } of targetsOf(file, text)) {
      if (/^(data|mailto|javascript):/.test(target)) continue
      if (/^([a-z]+:)?\/\//.test(target)) {
        if (isLoaded) foreign.push(`${file}: ${target}`)
        else external.add(target)
        continue
      }
      internal += 1
      if (!leadsSomewhere(file, target, files, anchors)) dead.push(`${file}: ${target}`)
    }
  }
  return { dead, foreign, external: [...external].toSorted(), internal }
}

interface Target {
  readonly target: string
  /** The page needs it, rather than that a reader may go there. */
  readonly isLoaded: boolean
}

const targetsOf = (file: string, text: string): ReadonlyArray<Target> => {
  if (file.endsWith('.md')) {
    const prose = text.replaceAll(/^(`{3,})[^]*?^\1`*$/gm, '').replaceAll(/`[^`\n]*`/g, '')
    return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => ({ target: target!, isLoaded: false }))
  }
  return [...text.matchAll(/<(\w+)\b[^>]*?\s(?:href|src)="([^"]*)"[^>]*>/g)].map(([tag, name, target]) => ({
    target: target!.replaceAll('&amp;', '&'),
    isLoaded: name !== 'a' && !/rel="(canonical|alternate)"/.test(tag),
  }))
}

const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id!))

const leadsSomewhere = (
  file: string,
  target: string,
  files: ReadonlySet<string>,
  anchors: ReadonlyMap<string, ReadonlySet<string>>,
): boolean => {
  const [address = '', anchor] = target.split('#')
  const joined = address.startsWith('/')
    ? address.slice(1)
    : path.posix.join(path.posix.dirname(file), decodeURI(address.split('?')[0]!))
  const to = address === '' ? file : [joined, path.posix.join(joined, 'index.html')].find((each) => files.has(each))
  if (to === undefined) return false
  // A Markdown version has no anchors of its own; the page beside it is held to them.
  if (anchor === undefined || anchor === '' || !to.endsWith('.html')) return true
  return anchors.get(to)?.has(decodeURIComponent(anchor)) === true
}
