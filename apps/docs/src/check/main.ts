/**
 * `pnpm docs:check`: the site is built from the repository, every link and anchor on it leads somewhere, nothing comes from
 * another host, the playground works, and the tutorial does what it says. `--only site` leaves the tutorial out, `--only
 * tutorial` everything else, `--built` the build of the packages. The code in the pages is a test of its own, in every run
 * of the tests: `checks/test/DocsCode.test.ts`.
 */
import { globSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { serveFolder } from '@headwater/checks/freshApp/FolderServer'
import { withRegistry } from '@headwater/checks/release/LocalRegistry'
import { buildWorkspace, packAll } from '@headwater/checks/release/PackedPackage'
import { makeRunFolder, makeSubfolder } from '@headwater/checks/workspace/RunFolder'
import { launchChromium, makeProfile } from '@headwater/testkit/browser'
import { apiNameProblems } from './ApiCheck.ts'
import { astro, siteFolder } from './Astro.ts'
import { checkSearch, pageProblems } from './PageCheck.ts'
import { checkPlayground } from './PlaygroundCheck.ts'
import { builtPages, linkReport } from './SiteLinks.ts'
import { followTutorial } from './TutorialRun.ts'

const { values } = parseArgs({ options: { only: { type: 'string' }, built: { type: 'boolean' } } })
if (values.only !== undefined && !['site', 'tutorial'].includes(values.only))
  throw new Error('--only takes site or tutorial')
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const started = performance.now()
const problems: Array<string> = []

const checkSite = async (): Promise<void> => {
  problems.push(...apiNameProblems())
  // What Astro keeps of pages may name styles of another configuration.
  await astro(['build', '--force'])
  const dist = path.join(siteFolder, 'dist')
  const files = new Set(globSync('**/*', { cwd: dist }).map((file) => file.replaceAll(path.sep, '/')))
  const pages = builtPages(dist)
  const { dead, foreign, external, internal } = linkReport(pages, files)
  say(`links to other hosts, not fetched:\n${external.map((each) => `  ${each}`).join('\n')}`)
  problems.push(...dead.map((each) => `dead link: ${each}`), ...foreign.map((each) => `from another host: ${each}`))
  const served = await serveFolder(dist)
  const profile = makeProfile()
  const chromium = await launchChromium(profile.path)
  try {
    const addresses = pages
      .map(({ file }) => file)
      .filter((file) => file.endsWith('index.html') && !file.startsWith('source/'))
      .map((file) => file.slice(0, -'index.html'.length))
    problems.push(...(await pageProblems(chromium, served.url, addresses)))
    say([...(await checkPlayground(chromium, served.url)), ...(await checkSearch(chromium, served.url))].join('; '))
  } finally {
    await chromium.close()
    profile.remove()
    await served.stop()
  }
  say(`PROOF pages=${pages.length} links=${internal} external=${external.length}`)
}

const checkTutorial = async (): Promise<void> => {
  const folder = makeRunFolder('tutorial')
  const packages = await packAll(makeSubfolder(folder, 'packed'))
  const profile = makeProfile()
  const chromium = await launchChromium(profile.path)
  try {
    await withRegistry(makeSubfolder(folder, 'registry'), packages, async ({ url }) => {
      const seen = await followTutorial(makeSubfolder(folder, 'reader'), url, chromium.browser)
      say(`tutorial: ${seen.join('; ')}`)
    })
  } finally {
    await chromium.close()
    profile.remove()
  }
}

if (values.built !== true) await buildWorkspace()
if (values.only !== 'tutorial') await checkSite()
if (values.only !== 'site') await checkTutorial().catch((error: unknown) => void problems.push(String(error)))
for (const problem of problems) say(`PROBLEM ${problem}`)
say(`PROOF docs_seconds=${((performance.now() - started) / 1000).toFixed(0)} problems=${problems.length}`)
// The registry of this run leaves timers behind.
process.exit(problems.length === 0 ? 0 : 1)
