import { nodeAdapter } from '@headwater/adapter-node'
import { measureReopen, measureUnsynced } from '../ReopenLoop.ts'
import { openCopy } from '../StateCopy.ts'
import { makeUnsynced } from './HeadwaterReopen.ts'

export const measureRawReopen = () => measureReopen(openCopy)

export const measureRawUnsynced = () =>
  measureUnsynced((directory) => makeUnsynced(nodeAdapter({ directory, leader: 'same-thread' })), openCopy)
