import type { Adapter } from '@headwater/core'
import type { Comparison, Measurement, Side } from '../Workload.ts'

/**
 * Ours in memory, session and leader in one thread, on native SQLite and on SQLite as WebAssembly: two sides of one
 * workload, so that the others run once for both.
 */
export const oursOnBoth = (run: (adapter: Adapter) => Promise<Measurement>): ReadonlyArray<Side> => [
  {
    name: 'headwater',
    engine: 'better-sqlite3',
    run: async () => run((await import('@headwater/adapter-node')).memoryAdapter()),
  },
  { name: wasmSide, engine: 'wa-sqlite', run: async () => run((await import('../WasmAdapter.ts')).wasmAdapter()) },
]

const wasmSide = 'headwater-wasm'

/** The rows of a figure for the first side of ours, and the same for the second. */
export const forBoth = (...comparisons: ReadonlyArray<Comparison>): ReadonlyArray<Comparison> => [
  ...comparisons,
  ...comparisons.map((comparison) => ({ ...comparison, side: wasmSide })),
]
