/** The repository's files as pages of the site: titles, links, diagrams, and that every page is there. */
import { expect, test } from 'vitest'
import { markdownPage, relativeAddress } from '../src/site/MarkdownPage.ts'
import { siteContent } from '../src/site/SiteContent.ts'
import { siteSections } from '../src/site/SiteMap.ts'

const slugs: Readonly<Record<string, string>> = {
  'docs/queries.md': 'guides/queries',
  'packages/core': 'packages/core',
  'README.md': '',
}
const targets = { slugOf: (file: string) => slugs[file], read: () => '<svg viewBox="0 0 1 1">\n  <path />\n</svg>\n' }
const page = (text: string) => markdownPage(text, 'docs/concepts/merge.md', 'concepts/merge', targets)

test('the first heading is the title, the first paragraph the description', () => {
  const { title, description, body } = page(
    '# The `merge`\n\n<!-- code: X -->\n\nOne [word](../queries.md)\nmore.\n\n## A',
  )
  expect({ title, description }).toEqual({ title: 'The merge', description: 'One word more.' })
  expect(body).toContain('One [word](../../guides/queries/)')
})

test('a description is as many sentences as fit', () => {
  const { description } = page(`# A\n\nFirst _one_. Second one. ${'And a very long one '.repeat(9)}.`)
  expect(description).toBe('First one. Second one.')
})

test('links lead to pages, and what is not there is only its text', () => {
  const { body } = page(
    '# A\n\n[a](../queries.md#live) [b](../../packages/core) [`c`](gone.ts) [d](#here) [e](https://f.example) [g](../../README.md)',
  )
  expect(body).toBe(
    '[a](../../guides/queries/#live) [b](../../packages/core/) `c` [d](#here) [e](https://f.example) [g](../../)',
  )
  expect(page('# A\n\n```md\n[a](../queries.md)\n```').body).toBe('```md\n[a](../queries.md)\n```')
  expect(relativeAddress('', 'guides/queries')).toBe('./guides/queries/')
  expect(relativeAddress('a/b', 'a/b')).toBe('./')
})

test('a diagram stands in the page, with its text for those who do not see it', () => {
  expect(page('# A\n\n![two "logs"](x.svg)').body).toBe(
    '<figure class="diagram"><svg role="img" aria-label="two &quot;logs&quot;" viewBox="0 0 1 1"> <path /> </svg></figure>',
  )
})

test('a page that the map does not name is one of the guides', () => {
  const found = siteSections({ docs: ['docs/queries.md', 'docs/new.md'], readmes: [], api: [] })
  expect(found.find(({ label }) => label === 'Guides')?.pages.map(({ slug }) => slug)).toEqual([
    'guides/queries',
    'guides/new',
  ])
})

test('every page of the repository is a page of the site, once', () => {
  const files = siteContent()
  const names = files.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toEqual(expect.arrayContaining(['index.mdx', '404.md', 'guides/queries.md', 'packages/core.md']))
  expect(files.filter(({ text }) => !/^---\ntitle: .+/.test(text)).map(({ name }) => name)).toEqual([])
})
