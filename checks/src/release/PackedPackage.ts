/** What would be uploaded: each package built, packed by pnpm, and unpacked again. */
import { mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { run } from '../workspace/Command.ts'
import { pnpmCommand } from '../workspace/PackageManagers.ts'
import {
  type Manifest,
  type PublishedPackage,
  publishedPackages,
  readManifest,
  workspaceRoot,
} from '../workspace/Workspace.ts'

export interface PackedPackage {
  readonly source: PublishedPackage
  /** As packed: `publishConfig` applied, `workspace:` and `catalog:` replaced by ranges. */
  readonly manifest: Manifest
  readonly tarball: string
  /** The tarball's contents. */
  readonly folder: string
  /** **Shape**  paths within the package. */
  readonly files: ReadonlyArray<string>
  /** **Units**  bytes. */
  readonly packedBytes: number
  readonly unpackedBytes: number
}

/** Builds the workspace: what is packed is never older than its source. */
export const buildWorkspace = async (): Promise<void> => {
  const { program, args } = pnpmCommand()
  await run(program, [...args, 'build'], { cwd: workspaceRoot })
}

/** Packs every published package into `folder`. */
export const packAll = async (folder: string): Promise<ReadonlyArray<PackedPackage>> => {
  const packed: Array<PackedPackage> = []
  for (const source of publishedPackages()) packed.push(await pack(source, folder))
  return packed
}

const pack = async (source: PublishedPackage, folder: string): Promise<PackedPackage> => {
  const { program, args } = pnpmCommand()
  const name = path.basename(source.folder)
  const tarball = path.join(folder, `${name}.tgz`)
  const unpacked = path.join(folder, name)
  await run(program, [...args, 'pack', '--out', tarball], { cwd: source.folder })
  mkdirSync(unpacked)
  // Every entry of a package's tarball is below `package/`.
  const said = await run('tar', ['-xzvf', tarball, '-C', unpacked, '--strip-components=1'], { cwd: folder })
  // bsdtar writes `x path` to standard error, GNU tar `path` to standard output.
  const files = said
    .split('\n')
    .map((line) => line.replace(/^x /, '').replace(/^package\//, ''))
    .filter((line) => line !== '' && !line.endsWith('/'))
  const sizes = files.map((file) => statSync(path.join(unpacked, file)).size)
  return {
    source,
    manifest: readManifest(unpacked),
    tarball,
    folder: unpacked,
    files: files.toSorted(),
    packedBytes: statSync(tarball).size,
    unpackedBytes: sizes.reduce((sum, size) => sum + size, 0),
  }
}
