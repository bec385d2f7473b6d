/** The site for programs that read text: each page as Markdown, and `llms.txt`, which says what there is. */
import { getCollection } from 'astro:content'
import { outsideCode } from './MarkdownPage.ts'
import type { SiteSection } from './SiteMap.ts'

/** Put here by `astro.config.ts`. */
declare const siteSections: ReadonlyArray<SiteSection>

/** What is read of an entry of the collection; Astro knows its type only where it has made it. */
export interface DocsEntry {
  readonly id: string
  readonly body?: string
  readonly data: { readonly title: string; readonly description?: string }
}

/** All pages but the one for a wrong address. */
export const sitePages = async (): Promise<ReadonlyArray<DocsEntry>> =>
  ((await getCollection('docs')) as ReadonlyArray<DocsEntry>).filter(({ id }) => id !== '404')

/** Links lead to the Markdown of other pages, pictures are what they show in words, components of the first page are left out. */
export const pageMarkdown = ({ data, body = '' }: DocsEntry): string =>
  `# ${data.title}\n\n${outsideCode(body, plainMarkdown).trim()}\n`

const plainMarkdown = (text: string): string =>
  text
    .replaceAll(/^import .*\n/gm, '')
    .replaceAll(/^<[A-Z]\w*[^>]*\/>\n+/gm, '')
    .replaceAll(/<figure class="diagram"><svg role="img" aria-label="([^"]*)".*<\/figure>/g, '(Picture: $1.)')
    .replaceAll(/\]\((\.{1,2}\/[^)#]*\/)(#[^)]*)?\)/g, ']($1index.md$2)')

/** **Source** llmstxt.org: a title, a summary, then sections of links. */
export const llmsText = async (): Promise<string> => {
  const entries = new Map((await sitePages()).map((entry) => [entry.id, entry]))
  const parts = siteSections.map(({ label, pages }) => {
    const lines = pages.flatMap(({ slug }) => {
      const entry = entries.get(slug)
      if (entry === undefined) return []
      return [`- [${entry.data.title}](./${slug}/index.md): ${entry.data.description ?? ''}`.replace(/: $/, '')]
    })
    return `## ${label}\n\n${lines.join('\n')}`
  })
  const home = entries.get('index')
  return `# Headwater\n\n> ${home?.data.description ?? ''}\n\nAll of it in one file: [llms-full.txt](./llms-full.txt)\n\n${parts.join('\n\n')}\n`
}

/** Every page that is prose, one behind the other: no source, no API, no table of a thousand rows. */
export const fullText = async (): Promise<string> => {
  const entries = new Map((await sitePages()).map((entry) => [entry.id, entry]))
  const prose = siteSections
    .filter(({ label }) => label !== 'API')
    .flatMap(({ pages }) => pages)
    .filter(({ slug }) => slug !== 'proof/mutations')
  return prose
    .flatMap(({ slug }) => entries.get(slug) ?? [])
    .map(pageMarkdown)
    .join('\n\n')
}
