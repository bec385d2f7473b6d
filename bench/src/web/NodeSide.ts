import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { nodeAdapter } from '@headwater/adapter-node'
import { type ColdStart, makeColdStores } from '../ColdStart.ts'
import { measureColdStarts } from '../ColdStartLoop.ts'
import { leaderBundle } from '../LeaderBundle.ts'
import { withPublished } from '../PublishedCode.ts'
import { withScratchFolder } from '../ScratchFolder.ts'
import { startThreadFollower } from '../ThreadFollower.ts'
import type { Measurement } from '../Workload.ts'
import { type LoopName, portableLoops } from './PortableLoops.ts'

/** Runs a loop in this process, leader in a worker thread, files in a scratch folder. */
export const runOnNode = async (loop: LoopName): Promise<Measurement> => {
  const workerUrl = await leaderBundle()
  return withScratchFolder((folder) =>
    portableLoops[loop]({
      adapterAt: (place) => nodeAdapter({ directory: path.join(folder, place), workerUrl }),
      openFollower: (place) => startThreadFollower(path.join(folder, place)),
    }),
  )
}

/** Every start is a process of its own, with the code as it is published. */
export const measureColdProcesses = async (): Promise<Measurement> => {
  const workerUrl = await leaderBundle()
  return withScratchFolder((folder) =>
    withPublished(new URL('ColdProcess.ts', import.meta.url), (program) =>
      measureColdStarts({
        make: () => makeColdStores((place) => nodeAdapter({ directory: path.join(folder, place), workerUrl })),
        start: async (place) => {
          const { stdout } = await run(process.execPath, [program, path.join(folder, place), workerUrl.href])
          return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as ColdStart
        },
      }),
    ),
  )
}

const run = promisify(execFile)
