import { expect, test } from 'vitest'
import { measureSizes } from '../src/size/BundleSizes.ts'
import { type BundlePart, sizeBudgets } from '../src/size/SizeBudgets.ts'

test('what a browser loads for a minimal app is within its budget (`pnpm size`)', async () => {
  const sizes = await measureSizes()
  const exceeded = Object.entries(sizes).filter(([part, size]) => size > sizeBudgets[part as BundlePart].max)
  expect(exceeded).toEqual([])
  // The parts are all of it: what is compressed alone is a little larger than together.
  const { page, ours, effect, glue } = sizes
  expect(ours + effect + glue).toBeGreaterThan(page * 0.98)
  expect(ours + effect + glue).toBeLessThan(page * 1.05)
  console.log(
    `PROOF pageScriptBytes=${page} ours=${ours} effect=${effect} glue=${glue} worker=${sizes.worker} wasm=${sizes.wasm}`,
  )
})
