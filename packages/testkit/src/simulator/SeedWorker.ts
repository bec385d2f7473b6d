/** A thread that runs the seeds it is sent, one after the other. */
import { parentPort } from 'node:worker_threads'
import { loadWasmSqlite } from '@headwater/sqlite-wasm'
import { runSeed } from './runSeed.ts'

const sqlite = await loadWasmSqlite()
parentPort!.on('message', (seed: number) => {
  void runSeed(seed, sqlite).then(({ trace: _, ...report }) => parentPort!.postMessage(report))
})
