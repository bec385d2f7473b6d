/** Where the pages of the API reference are, once `pnpm docs:api` has made them. */
import { globSync } from 'node:fs'
import path from 'node:path'
import { workspaceRoot } from '@headwater/checks/workspace/Workspace'
import type { SitePage } from '../site/SiteMap.ts'

/** From the root of the repository; not in version control. */
export const apiFolder = 'apps/docs/.api'

/** One for each entry point; none before they were made. */
export const apiPages = (): ReadonlyArray<SitePage> =>
  globSync(`${apiFolder}/*.md`, { cwd: workspaceRoot })
    .toSorted()
    .map((file) => {
      const name = path.basename(file, '.md')
      return { file: file.replaceAll(path.sep, '/'), slug: `api/${name}` }
    })
