/** All pages of the site as Markdown, made from the repository's files. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { publishedPackages, workspaceRoot } from '@headwater/checks/workspace/Workspace'
import { apiPages } from '../api/ApiPages.ts'
import { markdownPage } from './MarkdownPage.ts'
import { homePage, missingPage, type SitePage, siteSections, type SiteSection } from './SiteMap.ts'
import { sourceSlug, sourceText } from './SourcePage.ts'

/** A page as a file of the content folder. */
export interface ContentFile {
  /** **Shape**  `guides/queries.md`. */
  readonly name: string
  readonly text: string
}

const readText = (file: string): string => readFileSync(path.join(workspaceRoot, file), 'utf8')

/** The sidebar's sections: every page but the first and the one for a wrong address. */
export const sections = (): ReadonlyArray<SiteSection> =>
  siteSections({
    docs: globSync('docs/**/*.md', { cwd: workspaceRoot })
      .map((file) => file.replaceAll(path.sep, '/'))
      .toSorted(),
    readmes: publishedPackages()
      .map(({ manifest, folder }) => ({
        file: `${path.relative(workspaceRoot, folder).replaceAll(path.sep, '/')}/README.md`,
        name: manifest.name,
      }))
      .filter(({ file }) => existsSync(path.join(workspaceRoot, file))),
    api: apiPages().map(({ slug, title }) => ({ file: slug, slug, label: title })),
  })

/** **Shape**  pages by address, each once; then what they link to of the source. */
export const siteContent = (): ReadonlyArray<ContentFile> => {
  const pages = [homePage, missingPage, ...sections().flatMap((section) => section.pages)].filter(
    ({ slug }) => !slug.startsWith('api/'),
  )
  const slugs = new Map(pages.map(({ file, slug }) => [file, slug]))
  const linked = new Set<string>()
  const slugOf = (file: string): string | undefined => {
    const own =
      slugs.get(file) ?? slugs.get(`${file}/README.md`) ?? (file === 'README.md' || file === '.' ? '' : undefined)
    if (own !== undefined) return own
    if (file.startsWith('..') || !existsSync(path.join(workspaceRoot, file))) return undefined
    linked.add(file)
    return sourceSlug(file)
  }
  const own = pages.map((page) => contentFile(page, slugOf))
  const sources = [...linked].toSorted().map((file) => ({
    name: `${sourceSlug(file)}.md`,
    text: withFrontmatter({ title: file, pagefind: false, tableOfContents: false }, sourceText(workspaceRoot, file)),
  }))
  const api = apiPages().map(({ slug, title, description, body }) => ({
    name: `${slug}.md`,
    text: withFrontmatter(
      { title, description, sidebar: { label: title }, tableOfContents: { maxHeadingLevel: 3 } },
      body,
    ),
  }))
  return [...own, ...api, ...sources]
}

const contentFile = ({ file, slug, label }: SitePage, slugOf: (file: string) => string | undefined): ContentFile => {
  const text = readText(file)
  const name = `${slug === '' ? 'index' : slug}${path.extname(file)}`
  // A page that only the site has brings its own frontmatter.
  const [own] = /^---\n[^]*?\n---\n/.exec(text) ?? []
  if (own !== undefined)
    return { name, text: own + markdownPage(text.slice(own.length), file, slug, { slugOf, read: readText }).body }
  const { title, description, body } = markdownPage(text, file, slug, { slugOf, read: readText })
  const sidebar = label === undefined ? {} : { sidebar: { label } }
  // Made by a program, or nothing that somebody looks for by its words.
  const search = slug === 'proof/mutations' ? { pagefind: false } : {}
  return { name, text: withFrontmatter({ title, description, ...sidebar, ...search }, body) }
}

/** JSON is YAML. */
const withFrontmatter = (fields: object, body: string): string =>
  `---\n${Object.entries(fields)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join('\n')}\n---\n\n${body}\n`
