/** Packages are released on their own: what a change forces, and what it does not, by Changesets' own plan. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { planProblems, releasePlan } from '../src/release/ReleasePlan.ts'
import { publishedPackages } from '../src/workspace/Workspace.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'headwater-plan-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const packages = publishedPackages().map(({ manifest }) => manifest)
const dependentsOf = (name: string): ReadonlyArray<string> =>
  packages.filter(({ peerDependencies = {} }) => name in peerDependencies).map((manifest) => manifest.name)
const backends = packages.map(({ name }) => name).filter((name) => name.startsWith('@headwater/backend-'))

test.each(backends)('a fix in %s releases that one package', async (backend) => {
  const plan = await releasePlan(folder, [{ [backend]: 'patch' }])
  expect(plan.map(({ name, type }) => ({ name, type }))).toEqual([{ name: backend, type: 'patch' }])
  expect(planProblems(plan)).toEqual([])
})

test('a breaking change of a backend releases besides it only who ships it inside', async () => {
  const plan = await releasePlan(folder, [{ '@headwater/backend-http': 'minor' }])
  const inside = packages.filter(({ dependencies = {} }) => '@headwater/backend-http' in dependencies)
  expect(plan.map(({ name, type }) => `${name} ${type}`).toSorted()).toEqual(
    ['@headwater/backend-http minor', ...inside.map(({ name }) => `${name} patch`)].toSorted(),
  )
  expect(plan.filter(({ name }) => name.startsWith('@headwater/adapter-'))).toEqual([])
})

test('what core adds or repairs below 1.0 is a patch, and releases core alone', async () => {
  const plan = await releasePlan(folder, [{ '@headwater/core': 'patch' }])
  expect(plan.map(({ name }) => name)).toEqual(['@headwater/core'])
})

test('a breaking change of core moves every package that has it as a peer, and they have to say so', async () => {
  const dependents = dependentsOf('@headwater/core')
  expect(dependents.length).toBeGreaterThan(3)
  const plan = await releasePlan(folder, [{ '@headwater/core': 'minor' }])
  // What Changesets does by itself: everybody is released, but as a patch, which apps on the old core would get.
  expect(plan.map(({ name }) => name)).toEqual(expect.arrayContaining([...dependents]))
  expect(planProblems(plan)).toEqual(
    dependents.map((name) => `${name} moves with its peer @headwater/core: add '${name}': minor to the changeset`),
  )
})

test('and when they do, their versions are out of reach of the old ranges, too', async () => {
  const dependents = dependentsOf('@headwater/core')
  const all = Object.fromEntries(['@headwater/core', ...dependents].map((name) => [name, 'minor' as const]))
  const plan = await releasePlan(folder, [all])
  expect(planProblems(plan)).toEqual([])
  for (const { name, oldVersion, newVersion } of plan.filter((each) => each.name in all)) {
    expect(newVersion.split('.').slice(0, 2), name).not.toEqual(oldVersion.split('.').slice(0, 2))
  }
  expect(plan.filter(({ newVersion }) => !newVersion.startsWith('0.'))).toEqual([])
})

test('the changesets that wait in this workspace make a release that fits together', async () => {
  const plan = await releasePlan(folder)
  expect(planProblems(plan)).toEqual([])
})
