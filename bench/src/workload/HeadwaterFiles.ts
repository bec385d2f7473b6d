import { nodeAdapter } from '@headwater/adapter-node'
import { silentBackend } from '../HeldBackend.ts'
import { leaderBundle } from '../LeaderBundle.ts'
import type { OpenPeerStore } from '../PeerLoop.ts'
import { openPeerStore } from './HeadwaterPeer.ts'

/** On disk, leader in a worker, with a backend that nobody reaches: all that was committed is unsynced. */
export const openHeadwaterFiles = async (): Promise<(directory: string) => OpenPeerStore> => {
  const workerUrl = await leaderBundle()
  return (directory) => openPeerStore(() => nodeAdapter({ directory, workerUrl }), silentBackend)
}
