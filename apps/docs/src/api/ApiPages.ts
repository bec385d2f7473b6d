/** The API reference: a page for each entry point of each published package, made of the declarations that were built. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { entryPoints, publishedPackages, specifierOf } from '@headwater/checks/workspace/Workspace'
import { type Declaration, type DeclarationKind, declarationsOf, moduleText } from './Declarations.ts'

export interface ApiPage {
  /** **Shape** `api/core-adapter`. */
  readonly slug: string
  /** **Shape** `@headwater/core/adapter`. */
  readonly title: string
  readonly description: string
  readonly body: string
}

/** An entry point of a published package that has declarations. */
export interface PublishedEntry {
  /** **Shape** `@headwater/core/adapter`. */
  readonly specifier: string
  readonly description: string
  /** Its declarations. Absolute; there once the package is built. */
  readonly types: string
  /** The release tooling's snapshot of it. Absolute. */
  readonly snapshot: string
}

export const publishedEntries = (): ReadonlyArray<PublishedEntry> =>
  publishedPackages().flatMap(({ manifest, folder }) => {
    const exports = (manifest.publishConfig?.exports ?? {}) as NonNullable<typeof manifest.exports>
    return entryPoints({ ...manifest, exports }).flatMap((entry) => {
      const target = exports[entry]!
      const types = typeof target === 'string' ? undefined : target.types
      if (types === undefined) return []
      const name = entry === '.' ? 'index' : entry.slice(2).replaceAll('/', '.')
      return [
        {
          specifier: specifierOf(manifest.name, entry),
          description: manifest.description ?? '',
          types: path.join(folder, types),
          snapshot: path.join(folder, 'api', `${name}.api.md`),
        },
      ]
    })
  })

/** One for each entry point; none for those of a package that was not built. */
export const apiPages = (): ReadonlyArray<ApiPage> =>
  publishedEntries()
    .filter(({ types }) => existsSync(types))
    .map(apiPage)

const titles: Readonly<Record<DeclarationKind, string>> = {
  function: 'Functions and values',
  class: 'Classes',
  type: 'Types',
  error: 'Errors',
}

const apiPage = ({ specifier, description, types }: PublishedEntry): ApiPage => {
  const declarations = declarationsOf(types)
  const groups = (Object.keys(titles) as ReadonlyArray<DeclarationKind>)
    .map((kind) => [titles[kind], declarations.filter((declaration) => declaration.kind === kind)] as const)
    .filter(([, group]) => group.length > 0)
  const says = moduleText(types)
  return {
    slug: `api/${specifier.replace(/^@\w+\//, '').replaceAll('/', '-')}`,
    title: specifier,
    description,
    body: [
      says === '' ? `${description}.` : says,
      `${declarations.length} exports. Made from the docblocks of what is published.`,
      ...groups.map(([title, group]) => `## ${title}\n\n${group.map(section).join('\n\n')}`),
    ].join('\n\n'),
  }
}

const section = ({ name, docblock, text }: Declaration): string =>
  [`### ${name}`, docblock, text === '' ? '' : `\`\`\`ts\n${text}\n\`\`\``].filter((part) => part !== '').join('\n\n')
