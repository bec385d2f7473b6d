/** release:check sees what is wrong with a package: each rule once against a package that breaks it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiProblems } from '../src/release/ApiReport.ts'
import { manifestProblems } from '../src/release/ManifestCheck.ts'
import type { PackedPackage } from '../src/release/PackedPackage.ts'
import { budgetProblems } from '../src/release/SizeBudget.ts'
import type { Manifest } from '../src/workspace/Workspace.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'headwater-packed-'))
  mkdirSync(path.join(folder, 'dist'))
  for (const file of ['dist/index.js', 'dist/index.d.ts']) writeFileSync(path.join(folder, file), '')
  const readme =
    '# @headwater/good\n\nWhat.\n\n```sh\nnpm install @headwater/good\n```\n\n```ts\nimport "@headwater/good"\n```\n\n[More](https://example.com)\n'
  writeFileSync(path.join(folder, 'README.md'), readme)
})
afterAll(() => rmSync(folder, { recursive: true }))

const good: Manifest = {
  name: '@headwater/good',
  version: '0.1.0',
  description: 'A package without fault',
  keywords: ['good'],
  license: 'MIT',
  type: 'module',
  sideEffects: false,
  files: ['dist', 'CHANGELOG.md'],
  exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
  engines: { node: '>=22.19' },
  peerDependencies: { '@headwater/core': '^0.1.0', effect: '^4.1.0' },
  publishConfig: { access: 'public' },
}

const packed = (change: Partial<Manifest>, files = ['README.md', 'LICENSE', 'dist/index.js']): PackedPackage => {
  const manifest = { ...good, ...change }
  return { source: { manifest, folder }, manifest, tarball: '', folder, files, packedBytes: 0, unpackedBytes: 0 }
}

test('a package without fault has no problem', () => {
  expect(manifestProblems(packed({}))).toEqual([])
})

test.each<readonly [Partial<Manifest>, RegExp]>([
  [{ type: 'commonjs' }, /"type" must be module/],
  [{ license: 'ISC' }, /"license" must be MIT/],
  [{ engines: { node: '>=20' } }, /"engines" must ask for node >=22.19/],
  [{ keywords: [] }, /"keywords" are missing/],
  [{ publishConfig: {} }, /"publishConfig.access" must be public/],
  [{ files: ['dist'] }, /"files" must name CHANGELOG.md/],
  [{ exports: { '.': { default: './dist/index.js' } } }, /needs "types" and "default"/],
  [{ exports: { '.': { types: './dist/index.d.ts', default: './dist/gone.js' } } }, /gone.js is not in the package/],
  [{ peerDependencies: { zod: '^4.0.0' } }, /zod is a required peer/],
  [{ dependencies: { '@headwater/core': '^0.1.0' } }, /core must be a peer/],
  [{ dependencies: { other: 'workspace:^' } }, /workspace:\^ is not a range/],
  [{ name: '@headwater/other' }, /must begin with "# @headwater\/other"/],
])('%j', (change, problem) => {
  const problems = manifestProblems(packed(change))
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(problem)
})

test('optional peers, and the framework of bindings, may be third parties', () => {
  const optional = { peerDependencies: { pg: '^8.0.0' }, peerDependenciesMeta: { pg: { optional: true } } }
  expect(manifestProblems(packed(optional))).toEqual([])
  const bindings = packed({ name: '@headwater/react', peerDependencies: { react: '^19.0.0' } })
  expect(manifestProblems(bindings)).toEqual(['README.md must begin with "# @headwater/react"'])
})

test('files that do not belong there', () => {
  const problems = manifestProblems(packed({}, ['README.md', 'dist/.tsbuildinfo', 'test/X.test.ts']))
  expect(problems).toEqual(['LICENSE is not in the package', 'dist/.tsbuildinfo is packed', 'test/X.test.ts is packed'])
})

test('sizes over budget, without one, and far below it', () => {
  const sizes = { over: 101, none: 1, half: 49, fits: 100 }
  expect(budgetProblems(sizes, { over: 100, half: 100, fits: 100 })).toEqual([
    'size of over: 101 bytes gzip, its budget is 100',
    'size of none: no budget yet (release:check --update sets it)',
    'size of half: 49 bytes gzip, lower its budget of 100',
  ])
})

test('an API that is not the one that is kept, with the line', () => {
  const file = path.join(folder, 'index.api.md')
  expect(apiProblems([{ file, entry: '.', text: 'a\nb\n' }])).toHaveLength(1)
  writeFileSync(file, 'a\nb\n')
  expect(apiProblems([{ file, entry: '.', text: 'a\nb\n' }])).toEqual([])
  expect(apiProblems([{ file, entry: '.', text: 'a\nc\n' }])[0]).toMatch(/line 2\n {4}- b\n {4}\+ c/)
})
