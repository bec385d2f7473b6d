/** A thread that runs the seeds it is sent, one after the other. */
import { parentPort } from 'node:worker_threads'
import { loadWasmSqlite } from '@headwater/sqlite-wasm'
import { runSeed } from './runSeed.ts'

const sqlite = await loadWasmSqlite()
parentPort!.on('message', (seed: number) => {
  void runSeed(seed, sqlite).then(({ failure, figures, idleAfterMs }) =>
    parentPort!.postMessage({ seed, failure, figures, idleAfterMs }),
  )
})
