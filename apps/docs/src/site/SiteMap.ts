/**
 * Which Markdown files of the repository are pages of the site, in which order, and under which address. A page in `docs/`
 * that is not named here stands at the end of the guides: nobody has to edit this file to add one.
 */

/** A file of the repository that is a page. */
export interface SitePage {
  /** From the root of the repository. */
  readonly file: string
  /** Address below the site, without slashes at its ends; empty for the first page. */
  readonly slug: string
  /** In the sidebar, where the page's own title is too long for it. */
  readonly label?: string
}

export interface SiteSection {
  readonly label: string
  readonly pages: ReadonlyArray<SitePage>
  /** Not open at first. */
  readonly isCollapsed?: boolean
}

/** The first page: only the site has it. */
export const homePage: SitePage = { file: 'apps/docs/pages/index.mdx', slug: '' }
export const missingPage: SitePage = { file: 'apps/docs/pages/404.md', slug: '404' }

const doc = (name: string, section: string, label?: string): SitePage => {
  const page = { file: `docs/${name}.md`, slug: `${section}/${name.replace(/^.*\//, '')}` }
  return label === undefined ? page : { ...page, label }
}

const start: SiteSection = {
  label: 'Start here',
  pages: [
    { file: 'docs/tutorial.md', slug: 'tutorial', label: 'Tutorial' },
    { file: 'docs/faq.md', slug: 'faq', label: 'Questions' },
    { file: 'docs/comparison.md', slug: 'comparison', label: 'Comparison' },
    { file: 'docs/support.md', slug: 'support' },
  ],
}

const concepts: SiteSection = {
  label: 'Concepts',
  pages: [
    doc('concepts/events', 'concepts', 'Events'),
    doc('concepts/merge', 'concepts', 'Heads, merge and rebase'),
    doc('concepts/client-only', 'concepts', 'Client-only events'),
    doc('concepts/lost-events', 'concepts', 'Rejections and quarantine'),
    doc('concepts/durability', 'concepts', 'Durability'),
    doc('semantics', 'concepts', 'All promises on one page'),
  ],
}

const guides = (more: ReadonlyArray<SitePage>): SiteSection => ({
  label: 'Guides',
  pages: [
    doc('queries', 'guides'),
    doc('live-queries', 'guides'),
    doc('react', 'guides', 'React'),
    doc('browsers', 'guides', 'Browsers and bundlers'),
    doc('guides/testing-an-app', 'guides', 'Testing an app'),
    doc('guides/schema-evolution', 'guides', 'Schema evolution'),
    doc('guides/auth', 'guides', 'Auth and token renewal'),
    doc('guides/validation', 'guides', 'Validation on the server'),
    doc('guides/conflicts', 'guides', 'Designing for conflicts'),
    doc('guides/undo', 'guides', 'Undo'),
    doc('guides/encryption', 'guides', 'Encryption'),
    doc('guides/deletion', 'guides', 'Deletion and export'),
    doc('guides/performance', 'guides', 'Performance'),
    doc('server', 'guides', 'The server'),
    doc('deployment', 'guides', 'Deployment'),
    doc('electric', 'guides', 'Electric'),
    doc('inspector', 'guides', 'The inspector'),
    ...more,
  ],
})

const extending: SiteSection = {
  label: 'Extend it',
  pages: [
    doc('write-a-backend', 'extend', 'Write a backend'),
    doc('write-an-adapter', 'extend', 'Write an adapter'),
    { file: 'ARCHITECTURE.md', slug: 'architecture' },
    { file: 'CONTRIBUTING.md', slug: 'contributing' },
    { file: 'examples/backend-file/README.md', slug: 'examples/backend-file', label: 'Example: a backend' },
    { file: 'examples/react-todos/README.md', slug: 'examples/react-todos', label: 'Example: React' },
    { file: 'examples/todomvc/README.md', slug: 'examples/todomvc', label: 'Example: TodoMVC' },
  ],
}

const reference = (api: ReadonlyArray<SitePage>): ReadonlyArray<SiteSection> => [
  {
    label: 'Reference',
    pages: [
      doc('reference/protocol', 'reference', 'Protocol'),
      doc('reference/on-disk', 'reference', 'On-disk format'),
      doc('reference/limits', 'reference', 'Limits'),
    ],
  },
  { label: 'API', pages: api, isCollapsed: true },
]

const proof: SiteSection = {
  label: 'How it is proven',
  pages: [
    doc('reliability', 'proof', 'Reliability in figures'),
    doc('testing', 'proof', 'How it is tested'),
    doc('mutations', 'proof', 'Seeded faults'),
    doc('benchmarks', 'proof', 'Benchmarks'),
    { file: 'SECURITY.md', slug: 'security', label: 'Security' },
    { file: 'CODE_OF_CONDUCT.md', slug: 'conduct', label: 'Code of conduct' },
  ],
}

/** What the map is made of. **Shape**  paths from the root. */
export interface RepositoryPages {
  /** Every Markdown file in `docs/`. */
  readonly docs: ReadonlyArray<string>
  /** READMEs of the published packages, with the package's name. */
  readonly readmes: ReadonlyArray<{ readonly file: string; readonly name: string }>
  /** Pages of the API that were made, if they were. */
  readonly api: ReadonlyArray<SitePage>
}

/** The sections of the sidebar, with the pages that exist. */
export const siteSections = ({ docs, readmes, api }: RepositoryPages): ReadonlyArray<SiteSection> => {
  const packages: SiteSection = {
    label: 'Packages',
    pages: readmes.map(({ file, name }) => ({ file, slug: `packages/${name.replace(/^@\w+\//, '')}`, label: name })),
  }
  const known = new Set(docs)
  const exists = ({ file }: SitePage): boolean => !file.startsWith('docs/') || known.has(file)
  const sectionsWith = (more: ReadonlyArray<SitePage>): ReadonlyArray<SiteSection> =>
    [start, concepts, guides(more), extending, packages, ...reference(api), proof].map((section) => ({
      ...section,
      pages: section.pages.filter(exists),
    }))
  const named = new Set(sectionsWith([]).flatMap(({ pages }) => pages.map(({ file }) => file)))
  const more = docs.filter((file) => !named.has(file))
  return sectionsWith(more.map((file) => doc(file.slice('docs/'.length, -'.md'.length), 'guides'))).filter(
    ({ pages }) => pages.length > 0,
  )
}
