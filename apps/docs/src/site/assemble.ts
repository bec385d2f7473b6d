/** Writes the site's pages to where Astro reads them: `node src/site/assemble.ts`, and whenever one has changed. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync, globSync } from 'node:fs'
import path from 'node:path'
import { siteContent } from './SiteContent.ts'

/** Nothing in it is anybody's to edit. */
export const contentFolder: string = path.resolve(import.meta.dirname, '../content/docs')

/** **Shape**  how many pages there are. */
export const assemble = (): number => {
  const files = siteContent()
  const names = new Set(files.map(({ name }) => path.join(contentFolder, name)))
  for (const old of globSync(`${contentFolder}/**/*.{md,mdx}`)) if (!names.has(old)) rmSync(old)
  for (const { name, text } of files) {
    const file = path.join(contentFolder, name)
    // A file that is as it was is not made again by a server that watches it.
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return files.length
}

if (import.meta.main) console.log(`${assemble()} pages`)
