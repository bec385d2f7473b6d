import path from 'node:path'
import { nodeAdapter } from '@headwater/adapter-node'
import { filesChecksum } from './RawLeader.ts'
import type { StorePlace } from './StorePlace.ts'

/** A folder of the disk, leader in a worker thread. What it has left is read from its files. */
export const nodePlace = (directory: string): StorePlace => ({
  adapter: nodeAdapter({ directory }),
  storedChecksum: () => Promise.resolve(filesChecksum(path.join(directory, 'bench'))),
})
