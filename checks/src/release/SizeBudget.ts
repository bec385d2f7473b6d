/**
 * What an app ships for each entry point: bundled for browsers and minified, gzip. Other packages, Effect among them,
 * are not counted: they are shared, and have budgets of their own. `size-budgets.json` says how much each may be.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { entryPoints, specifierOf, workspaceRoot } from '../workspace/Workspace.ts'
import type { PackedPackage } from './PackedPackage.ts'

/** **Shape**  by specifier (`@headwater/core/adapter`). **Units**  bytes, gzip. */
export type SizeBudgets = Readonly<Record<string, number>>

const budgetsFile = path.join(workspaceRoot, 'size-budgets.json')

/** A budget that was just set leaves room for small repairs, not for a feature: 2 %, to the next hundred bytes. */
const roomOf = (bytes: number): number => Math.ceil((bytes * 1.02) / 100) * 100

export const readBudgets = (): SizeBudgets => JSON.parse(readFileSync(budgetsFile, 'utf8')) as SizeBudgets

/** Size of each entry point. */
export const entrySizes = async ({ manifest, folder }: PackedPackage): Promise<SizeBudgets> => {
  const sizes: Record<string, number> = {}
  for (const entry of entryPoints(manifest)) {
    const target = manifest.exports![entry]!
    const file = typeof target === 'string' ? target : target.default!
    sizes[specifierOf(manifest.name, entry)] = await bundledBytes(path.join(folder, file))
  }
  return sizes
}

const bundledBytes = async (entry: string): Promise<number> => {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    packages: 'external',
    external: ['node:*'],
    legalComments: 'none',
    logLevel: 'error',
  })
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).byteLength
}

/** **Shape**  one line per entry point that is over its budget, has none, or could give half of it back. */
export const budgetProblems = (sizes: SizeBudgets, budgets: SizeBudgets): ReadonlyArray<string> =>
  Object.entries(sizes).flatMap(([specifier, bytes]) => {
    const budget = budgets[specifier]
    if (budget === undefined) return [`size of ${specifier}: no budget yet (release:check --update sets it)`]
    if (bytes > budget) return [`size of ${specifier}: ${bytes} bytes gzip, its budget is ${budget}`]
    return bytes < budget / 2 ? [`size of ${specifier}: ${bytes} bytes gzip, lower its budget of ${budget}`] : []
  })

/** Sets budgets where there is none or where it does not hold any more; others of the file stay. */
export const writeBudgets = (sizes: SizeBudgets): void => {
  const budgets: Record<string, number> = { ...readBudgets() }
  for (const [specifier, bytes] of Object.entries(sizes)) {
    if (budgetProblems({ [specifier]: bytes }, budgets).length > 0) budgets[specifier] = roomOf(bytes)
  }
  const sorted = Object.fromEntries(Object.entries(budgets).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(budgetsFile, `${JSON.stringify(sorted, null, 2)}\n`)
}
