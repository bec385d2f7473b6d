import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { npmInstall } from './Npx.ts'
import type { Measurement, Peer, Side } from './Workload.ts'

/**
 * A peer is an npm project of its own in `bench/peers`, outside the workspace: nothing of ours resolves its packages,
 * and nothing but a benchmark needs them. Its `run.ts` exports `runs`: by name, what makes one measurement.
 */
const folderOf = (peer: Peer): string => fileURLToPath(new URL(`../peers/${peer}/`, import.meta.url))

interface PeerManifest {
  readonly dependencies: Readonly<Record<string, string>>
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'))

const manifestOf = (peer: Peer, name: string): string => path.join(folderOf(peer), 'node_modules', name, 'package.json')

const dependenciesOf = (peer: Peer): ReadonlyArray<string> =>
  Object.keys((readJson(path.join(folderOf(peer), 'package.json')) as PeerManifest).dependencies)

/** `@livestore/livestore 0.4.0`, … as installed. */
export const peerVersions = (peer: Peer): ReadonlyArray<string> =>
  dependenciesOf(peer).map(
    (name) => `${name} ${(readJson(manifestOf(peer, name)) as { readonly version: string }).version}`,
  )

const isInstalled = (peer: Peer): boolean => dependenciesOf(peer).every((name) => existsSync(manifestOf(peer, name)))

/**
 * Makes sure that a peer can run, which may download it.
 *
 * **Shape**  `undefined` when it can, otherwise one line that says why not.
 */
export const installPeer = (peer: Peer, say: (line: string) => void): string | undefined => {
  if (isInstalled(peer)) return undefined
  say(`installing ${dependenciesOf(peer).join(', ')} into bench/peers/${peer} (once; --peer none does without)`)
  const trouble = npmInstall(folderOf(peer))
  if (trouble === undefined && isInstalled(peer)) return undefined
  return `${peer} can't be installed and is left out: ${trouble ?? 'npm has not put everything there'}`
}

interface PeerRuns {
  readonly runs: Readonly<Record<string, () => Promise<Measurement>>>
}

/** Makes one measurement of a peer in this process. **Fails with** `RangeError` when its `run.ts` does not know `run`. */
const runPeer = async (peer: Peer, run: string): Promise<Measurement> => {
  const { runs } = (await import(pathToFileURL(path.join(folderOf(peer), 'run.ts')).href)) as PeerRuns
  const make = runs[run]
  if (make === undefined) throw new RangeError(`bench/peers/${peer}/run.ts knows no "${run}"`)
  return make()
}

interface PeerSideOptions {
  readonly engine: string
  readonly isSlow?: true
}

/** A peer's side of a workload: `run` is its name in `runs` of the peer's `run.ts`. */
export const peerSide = (peer: Peer, run: string, options: PeerSideOptions): Side => ({
  name: peer,
  peer,
  ...options,
  run: () => runPeer(peer, run),
})

/** LiveStore's. Its SQLite is WebAssembly on Node, too. */
export const livestoreSide = (run: string, options: { readonly isSlow?: true } = {}): Side =>
  peerSide('livestore', run, { engine: 'wa-sqlite', ...options })
