/** publint and attw: what others have found out about how packages go wrong. */
import { readFileSync } from 'node:fs'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { CommandFailed, runNode } from '../workspace/Command.ts'
import { attwScript } from '../workspace/PackageManagers.ts'
import { entryPoints } from '../workspace/Workspace.ts'
import type { PackedPackage } from './PackedPackage.ts'

/** **Shape**  one line per message, warnings and suggestions included. */
export const publintProblems = async ({ tarball, manifest }: PackedPackage): Promise<ReadonlyArray<string>> => {
  const { messages } = await publint({ pack: { tarball: arrayBufferOf(tarball) }, strict: true })
  // A template's package.json becomes the root one of a project.
  const own = messages.filter(({ code }) => code !== 'NESTED_PACKAGE_JSON_FIELD_IGNORED')
  return own.map((message) => `publint: ${formatMessage(message, manifest as never) ?? message.code}`)
}

const arrayBufferOf = (file: string): ArrayBuffer => {
  const bytes = readFileSync(file)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
}

/** Every entry point must resolve for ESM in Node and for bundlers. CommonJS and Node 10 are not promised. */
export const attwProblems = async ({ tarball, folder, manifest }: PackedPackage): Promise<ReadonlyArray<string>> => {
  // A program that is only run has nothing to resolve.
  if (entryPoints(manifest).length === 0) return []
  const args = [attwScript(), tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-emoji', '--no-color']
  try {
    await runNode(args, { cwd: folder })
    return []
  } catch (error) {
    if (error instanceof CommandFailed) return [`attw: ${error.message}`]
    throw error
  }
}
