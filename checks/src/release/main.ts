/**
 * `pnpm release:check`: everything that can be found out about a release without making it. `--update` keeps the API
 * snapshots and size budgets as they are now, for a reviewer to read; `--quick` leaves out the fresh projects.
 */
import { parseArgs } from 'node:util'
import { makeRunFolder, makeSubfolder } from '../workspace/RunFolder.ts'
import { apiProblems, apiReports, writeApiReports } from './ApiReport.ts'
import { installers } from './FreshProject.ts'
import { withRegistry } from './LocalRegistry.ts'
import { manifestProblems } from './ManifestCheck.ts'
import { fetchNodes, lowestNode, newestNode } from './NodeReleases.ts'
import { buildWorkspace, packAll, type PackedPackage } from './PackedPackage.ts'
import { attwProblems, publintProblems } from './PackageLint.ts'
import { checkProject } from './ProjectCheck.ts'
import { type ReleaseRow, releaseTable } from './ReleaseTable.ts'
import { budgetProblems, entrySizes, readBudgets, writeBudgets } from './SizeBudget.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

interface ReleaseOptions {
  readonly update: boolean
  readonly quick: boolean
}

const folder = makeRunFolder('release')
const subfolder = (name: string): string => makeSubfolder(folder, name)

/** What can be said of a package by itself. */
const checkPackage = async (packed: PackedPackage, { update }: ReleaseOptions) => {
  const reports = apiReports(packed)
  const sizes = await entrySizes(packed)
  if (update) {
    writeApiReports(packed, reports)
    writeBudgets(sizes)
  }
  const row: ReleaseRow = { packed, attw: await attwProblems(packed), publint: await publintProblems(packed) }
  const all = [
    ...manifestProblems(packed),
    ...row.attw,
    ...row.publint,
    ...apiProblems(reports),
    ...budgetProblems(sizes, readBudgets()),
  ]
  for (const [specifier, bytes] of Object.entries(sizes)) say(`${specifier}: ${bytes} bytes gzip`)
  return { row, problems: all.map((problem) => `${packed.manifest.name}: ${problem}`) }
}

/** What shows only when it is installed. */
const checkInstalled = (packages: ReadonlyArray<PackedPackage>): Promise<ReadonlyArray<string>> =>
  withRegistry(subfolder('registry'), packages, async (registry) => {
    say(`${packages.length} packages published to a registry of this run`)
    const nodes = await fetchNodes(subfolder('nodes'), registry.url, [lowestNode, newestNode])
    const problems: Array<string> = []
    // Only what an app depends on; a program that makes apps is tried by check:scaffold.
    const libraries = packages.filter(({ manifest }) => manifest.exports !== undefined)
    for (const installer of installers) {
      const options = { parent: folder, registry: registry.url, packages: libraries, nodes, say }
      problems.push(...(await checkProject(installer, options)))
    }
    return problems
  })

const main = async (): Promise<number> => {
  const { values: options } = parseArgs({
    options: { update: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
  })
  const started = performance.now()
  await buildWorkspace()
  const packages = await packAll(subfolder('packed'))
  const rows: Array<ReleaseRow> = []
  const problems: Array<string> = []
  for (const packed of packages) {
    const checked = await checkPackage(packed, options)
    rows.push(checked.row)
    problems.push(...checked.problems)
  }
  if (!options.quick) problems.push(...(await checkInstalled(packages)))
  say(`\n${releaseTable(rows)}\n`)
  for (const problem of problems) say(`PROBLEM ${problem}`)
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  const projects = options.quick ? 0 : installers.length
  say(`PROOF release_packages=${rows.length} projects=${projects} problems=${problems.length} seconds=${seconds}`)
  return problems.length === 0 ? 0 : 1
}

process.exitCode = await main()
