/** A Markdown file of the repository as the site wants it: its first heading as the title, links to where the pages are. */
import path from 'node:path'

/** Where links of a page lead. */
export interface LinkTargets {
  /** Address of a file or folder of the repository, without slashes at its ends; `undefined` if the site does not show it. */
  readonly slugOf: (file: string) => string | undefined
  /** Text of a file that stands in the page: a diagram. */
  readonly read: (file: string) => string
}

export interface MarkdownPage {
  readonly title: string
  /** The first paragraph, without markup. */
  readonly description: string
  readonly body: string
}

/** Fenced code: nothing in it is a link or a heading. */
const fences = /^(`{3,})[^\n]*\n[^]*?^\1`*$/gm

/** What search engines and lists show of a description. **Units**  characters. */
const descriptionLengthMax = 160

/** **Shape**  `file`: from the root of the repository; `slug`: the page's own address. */
export const markdownPage = (text: string, file: string, slug: string, targets: LinkTargets): MarkdownPage => {
  const [, heading = path.posix.basename(file), rest = ''] = /^# (.+)\n([^]*)$/.exec(text) ?? [
    undefined,
    undefined,
    text,
  ]
  const body = outsideCode(rest, (part) =>
    withLinks(withDiagrams(part, file, targets), (target) => siteLink(target, file, slug, targets)),
  )
  // Comments are for those who write: MDX takes none.
  return {
    title: plainText(heading),
    description: descriptionOf(rest),
    body: outsideCode(body, withoutComments).trim(),
  }
}

const withoutComments = (text: string): string => text.replaceAll(/<!--[^]*?-->\n*/g, '')

/** The text with everything changed that is not in a fenced block. */
export const outsideCode = (text: string, change: (part: string) => string): string => {
  let at = 0
  let changed = ''
  for (const { 0: fence, index } of text.matchAll(fences)) {
    changed += change(text.slice(at, index)) + fence
    at = index + fence.length
  }
  return changed + change(text.slice(at))
}

/** `[text](target)`: `leads` gives the new target, or `null` where only the text is left. */
const withLinks = (text: string, leads: (target: string) => string | null): string =>
  text.replaceAll(/(?<!!)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g, (link, label: string, target: string) => {
    const to = leads(target)
    return to === target ? link : to === null ? label : `[${label}](${to})`
  })

const siteLink = (target: string, file: string, slug: string, { slugOf }: LinkTargets): string | null => {
  if (/^([a-z]+:|#)/.test(target)) return target
  const [to = '', anchor] = target.split('#')
  const found = slugOf(path.posix.join(path.posix.dirname(file), decodeURI(to)).replace(/\/$/, ''))
  if (found === undefined) return null
  return relativeAddress(slug, found) + (anchor === undefined ? '' : `#${anchor}`)
}

/** From page to page whatever the site stands below. **Shape**  `../../guides/react/`. */
export const relativeAddress = (from: string, to: string): string => {
  const relative = path.posix.relative(`/${from}`, `/${to}`)
  return relative === '' ? './' : `${relative.startsWith('.') ? relative : `./${relative}`}/`
}

/** A picture of ours stands in the page itself, so that it takes the page's colours. */
const withDiagrams = (text: string, file: string, { read }: LinkTargets): string =>
  text.replaceAll(/^!\[([^\]]*)\]\(([^)\s]+\.svg)\)$/gm, (_, alt: string, target: string) => {
    const svg = read(path.posix.join(path.posix.dirname(file), target))
      .replaceAll(/\n\s*/g, ' ')
      .trim()
    return `<figure class="diagram">${svg.replace('<svg ', `<svg role="img" aria-label="${alt.replaceAll('"', '&quot;')}" `)}</figure>`
  })

const descriptionOf = (text: string): string => {
  const paragraph = text
    .replaceAll(fences, '')
    .replaceAll(/<!--[^]*?-->/g, '')
    .split(/\n{2,}/)
    .map((part) => part.trim())
    .find((part) => /^[\w`*[“"]/.test(part))
  const sentences = plainText((paragraph ?? '').replaceAll(/\s+/g, ' ')).split(/(?<=[.?!]) (?=[A-Z“])/)
  const lengths = sentences.map((_, at) => sentences.slice(0, at + 1).join(' ').length)
  const fitting = lengths.filter((length) => length <= descriptionLengthMax).length
  return sentences.slice(0, Math.max(1, fitting)).join(' ')
}

const plainText = (text: string): string =>
  text
    .replaceAll(/\[((?:[^[\]]|\[[^\]]*\])*)\]\([^)]*\)/g, '$1')
    .replaceAll(/[`*]/g, '')
    .replaceAll(/\b_(\w[^_]*)_\b/g, '$1')
    .trim()
