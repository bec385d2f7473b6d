import type { StorageStatus, StorageStatusSource } from '@headwater/core/adapter'
import { StorageEvictable } from './WebAdapterError.ts'

/** A page asks for persistence while its leader starts; a user may take a while to answer. **Units** ms. */
const lookAtMs: ReadonlyArray<number> = [0, 500, 2_000, 10_000, 60_000, 600_000]

/** Asks the browser, from a page, to keep this origin's files until the user deletes them. Never fails; once is enough. */
export const askToPersist = async (): Promise<void> => {
  try {
    // Some browsers ask the user each time.
    if (!(await navigator.storage.persisted())) await navigator.storage.persist()
  } catch {
    // Not there, or not allowed: then it stays as it is, and the status says so.
  }
}

/** What a leader's sessions are told of its storage. */
export class StorageWatch implements StorageStatusSource {
  #status: StorageStatus
  #listener: () => void = () => undefined
  #isClosed = false

  constructor(
    kind: StorageStatus['kind'],
    warnings: ReadonlyArray<{ readonly _tag: string; readonly message: string }>,
  ) {
    this.#status = { kind, warnings: warnings.map(({ _tag: tag, message }) => ({ tag, message })) }
  }

  current(): StorageStatus {
    return this.#status
  }

  onChange(listener: () => void): void {
    this.#listener = listener
  }

  /** Looks, until it is so, whether the browser keeps the files. */
  async watchPersistence(): Promise<void> {
    let wasPersistent: boolean | null = null
    for (const [i, atMs] of lookAtMs.entries()) {
      if (i > 0) await new Promise((resolve) => setTimeout(resolve, atMs - lookAtMs[i - 1]!))
      if (this.#isClosed) return
      const isPersistent = await navigator.storage.persisted().catch(() => false)
      if (isPersistent !== wasPersistent) this.#warn(isPersistent)
      wasPersistent = isPersistent
      if (isPersistent) return
    }
  }

  close(): void {
    this.#isClosed = true
  }

  #warn(isPersistent: boolean): void {
    const { _tag: tag, message } = new StorageEvictable()
    const others = this.#status.warnings.filter((warning) => warning.tag !== tag)
    this.#status = { ...this.#status, warnings: isPersistent ? others : [...others, { tag, message }] }
    this.#listener()
  }
}
