/**
 * A registry of our own for one run: it has the packed packages, and passes everything else on to the one that npm is
 * configured with. Nothing of it outlives the run.
 */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { writeFileSync } from 'node:fs'
import { runServer } from 'verdaccio'
import { runNode } from '../workspace/Command.ts'
import { npmScript } from '../workspace/PackageManagers.ts'
import type { PackedPackage } from './PackedPackage.ts'

export interface LocalRegistry {
  readonly url: string
  readonly publish: (tarball: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** Starts one with all of `packages` in it, for as long as `body` runs. **Shape**  `folder`: empty, for what it keeps; `port`: 0 is a free one. */
export const withRegistry = async <A>(
  folder: string,
  packages: ReadonlyArray<PackedPackage>,
  body: (registry: LocalRegistry) => Promise<A>,
  port = 0,
): Promise<A> => {
  const names = packages.map(({ manifest }) => manifest.name)
  const registry = await startRegistry(folder, names, port)
  try {
    for (const { tarball } of packages) await registry.publish(tarball)
    return await body(registry)
  } finally {
    await registry.close()
  }
}

/** Starts it. **Shape**  `folder`: empty, for what it keeps; `names`: packages that it must not look for elsewhere. */
const startRegistry = async (folder: string, names: ReadonlyArray<string>, port: number): Promise<LocalRegistry> => {
  const said = await runNode([npmScript(), 'config', 'get', 'registry'], { cwd: folder })
  // What npm warns about its settings comes behind the answer.
  const upstream = said.split('\n')[0]!.trim()
  const everybody = { access: '$all', publish: '$all' }
  const server = (await runServer({
    storage: path.join(folder, 'storage'),
    self_path: folder,
    uplinks: { upstream: { url: upstream, maxage: '60m', timeout: '60s' } },
    packages: {
      ...Object.fromEntries(names.map((name) => [name, everybody])),
      '**': { ...everybody, proxy: 'upstream' },
    },
    // Tarballs of browsers and databases.
    max_body_size: '200mb',
    log: { type: 'stdout', format: 'pretty', level: 'fatal' },
  } as never)) as Server
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  // npm publishes nothing without a token; the registry asks for none.
  const npmrc = path.join(folder, '.npmrc')
  writeFileSync(
    npmrc,
    `registry=http://${host}/\n//${host}/:_authToken=none\ncache=${path.join(folder, 'npm-cache')}\n`,
  )
  return {
    url: `http://${host}/`,
    publish: async (tarball) => {
      const flags = ['--userconfig', npmrc, '--provenance=false', '--access=public']
      await runNode([npmScript(), 'publish', tarball, ...flags], { cwd: folder })
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
