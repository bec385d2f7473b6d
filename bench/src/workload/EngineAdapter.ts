import type { Adapter } from '@headwater/core'
import type { Engine } from './CommitWorkload.ts'

/** Ours in memory, session and leader in one thread. Loads only the engine that is asked for. */
export const memoryAdapterOn = async (engine: Engine): Promise<Adapter> =>
  engine === 'better-sqlite3'
    ? (await import('@headwater/adapter-node')).memoryAdapter()
    : (await import('../WasmAdapter.ts')).wasmAdapter()

/** What a workload's name ends with. */
export const engineSuffix = (engine: Engine): string => (engine === 'better-sqlite3' ? '' : '-wasm')

/** What its description ends with. */
export const onEngine = (engine: Engine): string => (engine === 'better-sqlite3' ? '' : ', on SQLite as WebAssembly')
