/** The part of `FileSystemSyncAccessHandle` that is used here. Its methods are synchronous; workers only. */
export interface SyncAccess {
  /** **Shape** the number of bytes read, fewer at the end of the file. */
  readonly read: (target: Uint8Array, options: { readonly at: number }) => number
  /** **Shape** the number of bytes written: fewer when the quota is reached, without an exception. */
  readonly write: (source: Uint8Array, options: { readonly at: number }) => number
  readonly truncate: (size: number) => void
  readonly getSize: () => number
  /** Returns when what was written is on the disk. */
  readonly flush: () => void
  readonly close: () => void
}

/** A folder whose files can be opened for {@link SyncAccess}, each by one worker at a time. */
export interface AccessFolder {
  /** For people: `headwater/demo/1`. */
  readonly path: string
  readonly list: () => Promise<ReadonlyArray<string>>
  /** Opens a file, made when it is missing. **Fails with** `NoModificationAllowedError` while somebody else has it open. */
  readonly open: (name: string) => Promise<SyncAccess>
}

/** A `FileSystemFileHandle` as workers see it. */
interface WorkerFileHandle extends FileSystemFileHandle {
  readonly createSyncAccessHandle: () => Promise<SyncAccess>
}

/** A folder of the origin's private file system. */
export const opfsFolder = (path: string, directory: FileSystemDirectoryHandle): AccessFolder => ({
  path,
  list: async () => {
    const names: Array<string> = []
    for await (const name of directory.keys()) names.push(name)
    return names
  },
  open: async (name) => {
    const file = await directory.getFileHandle(name, { create: true })
    return (file as WorkerFileHandle).createSyncAccessHandle()
  },
})

/** Whether somebody else has the file open. */
export const isHeldError = (error: unknown): boolean => nameOf(error) === 'NoModificationAllowedError'

/** Whether the origin may not store more. */
export const isQuotaError = (error: unknown): boolean => nameOf(error) === 'QuotaExceededError'

const nameOf = (error: unknown): unknown => (error instanceof Error ? error.name : undefined)
