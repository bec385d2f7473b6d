import type { FaultyDisk } from '@headwater/testkit'
import type { AccessFolder, SyncAccess } from '../src/SyncAccess.ts'

class Dead extends Error {}
class QuotaExceeded extends Error {
  override readonly name = 'QuotaExceededError'
}

/** A file of the simulated disk as a browser gives it, for the process that lives now. */
const accessTo = (disk: FaultyDisk, name: string): SyncAccess => {
  const file = disk.file(name, true)!
  const { process } = disk
  const judge = (kind: 'write' | 'truncate' | 'sync', grows: boolean): boolean => {
    const fault = disk.judge(process, { kind, file: name })
    if (fault === 'dead' || fault === 'io') throw new Dead('the process is gone')
    if (fault !== undefined && kind === 'truncate' && grows) throw new QuotaExceeded('no room')
    return fault === undefined
  }
  return {
    read: (target, { at }) => file.readInto(target, at),
    write: (source, { at }) => {
      const grows = at + source.length > file.size
      const arriving = judge('write', grows) || !grows ? source.length : Math.floor(source.length / 3)
      file.write(at, source.subarray(0, arriving))
      return arriving
    },
    truncate: (size) => {
      judge('truncate', size > file.size)
      file.truncate(size)
    },
    getSize: () => file.size,
    flush: () => {
      judge('sync', false)
      file.sync()
    },
    close: () => undefined,
  }
}

/** The disk as a folder of the browser's: files are exclusive to whoever lives. */
export const folderOn = (disk: FaultyDisk): AccessFolder => ({
  path: 'simulated',
  list: () => Promise.resolve(disk.files),
  open: (name) => Promise.resolve(accessTo(disk, name)),
})
