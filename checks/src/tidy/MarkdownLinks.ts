/** Links between the Markdown files of the repository that lead nowhere: no such file, no such heading. */
import { existsSync, statSync } from 'node:fs'
import path from 'node:path'

/** A file of the repository. */
export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string
  readonly text: string
}

/** **Shape**  `file: target`, in order. Links to other hosts are not looked at. */
export const deadLinks = (root: string, files: ReadonlyArray<SourceFile>): ReadonlyArray<string> => {
  const texts = new Map(files.map((file) => [file.path, file.text]))
  return files.flatMap(({ path: from, text }) =>
    targetsOf(text)
      .filter((target) => isDead(root, texts, from, target))
      .map((target) => `${from}: ${target}`),
  )
}

/** What is in brackets and parentheses, not in code. */
const targetsOf = (text: string): ReadonlyArray<string> =>
  [...withoutCode(text).matchAll(/\]\(([^)\s]+)[^)]*\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target))

const withoutCode = (text: string): string => text.replaceAll(/^(`{3,})[^]*?^\1$/gm, '').replaceAll(/`[^`\n]*`/g, '`')

const isDead = (root: string, texts: ReadonlyMap<string, string>, from: string, target: string): boolean => {
  const [file = '', anchor] = target.split('#')
  if (file === '') return !headingsOf(texts.get(from) ?? '').has(anchor ?? '')
  const to = path.posix.join(path.posix.dirname(from), decodeURI(file))
  const absolute = path.join(root, to)
  if (to.startsWith('../') || !existsSync(absolute)) return true
  if (anchor === undefined || statSync(absolute).isDirectory() || !to.endsWith('.md')) return false
  return !headingsOf(texts.get(to) ?? '').has(anchor)
}

/** As hosts of repositories name them: small letters, dashes for spaces, everything else dropped. */
const headingsOf = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.replaceAll(/^(`{3,})[^]*?^\1$/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
