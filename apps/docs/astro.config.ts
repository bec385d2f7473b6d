import { watch } from 'node:fs'
import path from 'node:path'
import starlight from '@astrojs/starlight'
import type { AstroIntegration } from 'astro'
import { defineConfig, passthroughImageService } from 'astro/config'
import { assemble } from './src/site/assemble.ts'
import { sections } from './src/site/SiteContent.ts'

/** Where the site will be, for its sitemap and canonical links; nobody has to say so to build it. */
const address = process.env['HEADWATER_SITE_URL']
const url = address === undefined ? undefined : new URL(address)

/** Makes the pages from the repository's files, before a build, and in development with every change. */
const repositoryPages: AstroIntegration = {
  name: 'repository-pages',
  hooks: {
    'astro:config:setup': () => void assemble(),
    'astro:server:setup': ({ server }) => {
      const root = path.resolve(import.meta.dirname, '../..')
      const watchers = ['docs', 'apps/docs/pages'].map((folder) =>
        watch(path.join(root, folder), { recursive: true }, () => void assemble()),
      )
      server.httpServer?.once('close', () => watchers.forEach((watcher) => watcher.close()))
    },
  },
}

export default defineConfig({
  ...(url === undefined ? {} : { site: url.origin, base: url.pathname }),
  trailingSlash: 'ignore',
  image: { service: passthroughImageService() },
  devToolbar: { enabled: false },
  // What `src/site/MarkdownSite.ts` knows of the repository: in a build it is not beside it any more.
  vite: { define: { siteSections: JSON.stringify(sections()) } },
  integrations: [
    repositoryPages,
    starlight({
      title: 'Headwater',
      description: 'A local-first data layer for TypeScript: typed events, real SQLite, sync through your own server.',
      favicon: '/favicon.svg',
      customCss: ['./src/styles/site.css'],
      components: { Footer: './src/components/Footer.astro' },
      credits: false,
      // Lines of up to 120 characters, on pages and phones that have room for fewer.
      expressiveCode: {
        defaultProps: { wrap: true },
        styleOverrides: { codeFontSize: '0.8125rem', codeLineHeight: '1.6' },
      },
      disable404Route: true,
      sidebar: sections().map(({ label, pages, isCollapsed = false }) => ({
        label,
        collapsed: isCollapsed,
        items: pages.map(({ slug }) => ({ slug })),
      })),
    }),
  ],
})
