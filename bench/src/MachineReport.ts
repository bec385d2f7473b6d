import { cpus, loadavg, platform, release, totalmem } from 'node:os'
import { loadWasmSqlite } from '@headwater/sqlite-wasm'
import Database from 'better-sqlite3'
import { peerVersions } from './PeerProject.ts'
import type { Peer } from './Workload.ts'

/** Where, with what and when was measured: figures say nothing without it. One line each. */
export const machineReport = async (
  peers: ReadonlySet<Peer>,
  runs: string,
  now: Date,
): Promise<ReadonlyArray<string>> => {
  const [cpu] = cpus()
  const memoryGb = (totalmem() / 1e9).toFixed(0)
  const { version } = await loadWasmSqlite()
  return [
    `${now.toISOString().slice(0, 10)}, ${runs}`,
    `${cpu?.model.trim() ?? 'unknown CPU'} × ${cpus().length}, ${memoryGb} GB, ${platform()} ${release()}; load ${loadavg()[0]!.toFixed(1)} when the last run had ended`,
    `Node ${process.versions.node}; SQLite ${nativeVersion()} (better-sqlite3), ${version} (wa-sqlite)`,
    ...[...peers].map((peer) => peerVersions(peer).join(', ')),
  ]
}

const nativeVersion = (): string => {
  const database = new Database(':memory:')
  const version = database.prepare<[], string>('SELECT sqlite_version()').pluck().get()
  database.close()
  return version ?? 'unknown'
}
