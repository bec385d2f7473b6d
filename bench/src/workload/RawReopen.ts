import { nodeAdapter } from '@headwater/adapter-node'
import { measureReopen, measureSecond, measureUnsynced } from '../ReopenLoop.ts'
import { openCopy } from '../StateCopy.ts'
import { makeUnsynced } from '../UnsyncedStore.ts'

export const measureRawReopen = () => measureReopen(openCopy)

export const measureRawSecond = () => measureSecond(openCopy)

export const measureRawUnsynced = () =>
  measureUnsynced((directory) => makeUnsynced(nodeAdapter({ directory, leader: 'same-thread' })), openCopy)
