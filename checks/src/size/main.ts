/** `pnpm size`: what a browser loads for a minimal app without React, against its budget. Exits with 1 if one is exceeded. */
import { measureSizes } from './BundleSizes.ts'
import { type BundlePart, sizeBudgets } from './SizeBudgets.ts'

const inKb = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`

const sizes = await measureSizes()
console.log(`| ${'part, after gzip'.padEnd(28)} |     size |   budget |     |`)
console.log(`| ${'-'.repeat(28)} | -------: | -------: | --- |`)
for (const [part, { what, max }] of Object.entries(sizeBudgets)) {
  const size = sizes[part as BundlePart]
  if (size > max) process.exitCode = 1
  console.log(
    `| ${what.padEnd(28)} | ${inKb(size).padStart(8)} | ${inKb(max).padStart(8)} | ${size > max ? 'NO ' : 'yes'} |`,
  )
}
