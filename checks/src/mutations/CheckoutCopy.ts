/**
 * A copy of this checkout in the temp folder, as it is on disk now, to put faults into: others may be working in the
 * checkout itself.
 *
 * `node_modules` of the workspace's packages are copied with their links as they are, relative, so that
 * `@headwater/core` is the copy's own; what comes from a registry is linked.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Folder of the workspace that this file is in. */
export const checkout = path.resolve(import.meta.dirname, '../../..')

export interface CheckoutCopy {
  readonly folder: string
  readonly remove: () => void
}

/** **Fails with** an error of git or of the file system. */
export const copyCheckout = (): CheckoutCopy => {
  // On macOS the temp folder is behind a link, and modules are known by their real path.
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'headwater-mutations-')))
  for (const file of sourceFiles()) cpSync(path.join(checkout, file), path.join(folder, file))
  linkRootModules(folder)
  for (const modules of packageModules()) {
    cpSync(path.join(checkout, modules), path.join(folder, modules), { recursive: true, verbatimSymlinks: true })
  }
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  process.once('exit', remove)
  return { folder, remove }
}

/** Tracked and new files, without what is ignored. */
const sourceFiles = (): ReadonlyArray<string> =>
  execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: checkout,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
    .split('\0')
    .filter((file) => file !== '' && existsSync(path.join(checkout, file)))

/** A folder of its own, whose caches are its own, too. */
const linkRootModules = (folder: string): void => {
  const modules = path.join(checkout, 'node_modules')
  mkdirSync(path.join(folder, 'node_modules'))
  for (const name of readdirSync(modules)) {
    const isCache = name.startsWith('.') && name !== '.pnpm' && name !== '.bin'
    if (!isCache) symlinkSync(path.join(modules, name), path.join(folder, 'node_modules', name), 'junction')
  }
}

const packageModules = (): ReadonlyArray<string> =>
  ['packages', 'examples', 'apps', '.']
    .filter((parent) => existsSync(path.join(checkout, parent)))
    .flatMap((parent) =>
      readdirSync(path.join(checkout, parent)).map((name) => path.join(parent, name, 'node_modules')),
    )
    .filter((modules) => existsSync(path.join(checkout, modules)))
