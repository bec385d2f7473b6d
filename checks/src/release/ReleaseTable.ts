import { requiredPeers } from '../workspace/Workspace.ts'
import type { PackedPackage } from './PackedPackage.ts'

export interface ReleaseRow {
  readonly packed: PackedPackage
  readonly attw: ReadonlyArray<string>
  readonly publint: ReadonlyArray<string>
}

/** **Units**  bytes in, kB out. */
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`

/** What is about to be published, a line per package. */
export const releaseTable = (rows: ReadonlyArray<ReleaseRow>): string => {
  const head = ['package', 'version', 'packed', 'unpacked', 'peers', 'attw', 'publint']
  const lines = rows.map(({ packed: { manifest, packedBytes, unpackedBytes }, attw, publint }) => [
    manifest.name,
    manifest.version,
    kilobytes(packedBytes),
    kilobytes(unpackedBytes),
    requiredPeers(manifest)
      .map((name) => `${name.replace('@headwater/', '')} ${manifest.peerDependencies![name]}`)
      .join(', ') || 'none',
    attw.length === 0 ? 'ok' : 'FAILED',
    publint.length === 0 ? 'ok' : 'FAILED',
  ])
  const all = [head, ...lines]
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column]!.length)))
  return all
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
