/**
 * The files of one store. A sync access handle is opened asynchronously, but SQLite and the leader's steps are
 * synchronous: so all files that may be needed are open before, as numbered slots, and get their names by a write.
 *
 * | File in the folder | Is                                                                    |
 * | ------------------ | --------------------------------------------------------------------- |
 * | `<n>.db`           | the database of slot n, behind its labels (`SlotLabel.ts`)            |
 * | `<n>.journal`      | its rollback journal or WAL, behind a copy of the labels              |
 *
 * Every change of names is one label, written and flushed: after a crash it has happened or it has not. What goes away
 * loses its name before its content; a slot without a name is emptied when it is found.
 */
import { isHeldError, isQuotaError, type AccessFolder, type SyncAccess } from './SyncAccess.ts'
import { OpfsSlot, SlotFile } from './OpfsSlot.ts'
import { StoreFilesHeld } from './WebAdapterError.ts'

/**
 * Free slots after opening: a salvage takes one for the new log, a replaced state one until the old is free, and an
 * export that is kept one for good. New ones are made as soon as there is time.
 */
const freeSlots = 3

/** The holder that has just ended frees its handles within some 30 ms. */
const retryMs = 10

export interface OpenPoolOptions {
  /** How long to wait for files that somebody else has open. **Units** ms. */
  readonly waitMs: number
}

export class OpfsPool {
  readonly path: string
  readonly #folder: AccessFolder
  readonly #slots: Array<OpfsSlot> = []
  #generation = 0
  #next = 0
  #isClosed = false
  #filling: Promise<void> = Promise.resolve()

  private constructor(folder: AccessFolder) {
    this.#folder = folder
    this.path = folder.path
  }

  /** Opens all files of a folder, and makes the pool in an empty one. **Fails with** `StoreFilesHeld`, `DOMException`. */
  static async open(folder: AccessFolder, options: OpenPoolOptions): Promise<OpfsPool> {
    const pool = new OpfsPool(folder)
    const deadline = performance.now() + options.waitMs
    try {
      const numbers = slotNumbers(await folder.list())
      await pool.#openSlots(numbers, deadline)
      pool.#settle()
      await pool.#fill(deadline).catch((error: unknown) => {
        // What is there can be read, and what is deleted makes room.
        if (!isQuotaError(error) || pool.#slots.length === 0) throw error
      })
      return pool
    } catch (error) {
      pool.close()
      throw error
    }
  }

  /** Names that are there, in no order. */
  get names(): ReadonlyArray<string> {
    return this.#slots.map(({ name }) => name).filter((name) => name !== '')
  }

  find(name: string): OpfsSlot | undefined {
    return this.#slots.find((slot) => slot.name === name)
  }

  /** A new, empty file of this name. **Fails with** `Error` when no slot is free. */
  create(name: string): OpfsSlot {
    const slot = this.#takeFree()
    this.#label(slot, name)
    return slot
  }

  /** Puts a whole file in its place: after a crash it is the old one or the new one. */
  put(name: string, bytes: Uint8Array): void {
    const slot = this.#takeFree()
    // Content that comes before a name must not look like one whose name is lost.
    if (slot.generation === 0) this.#label(slot, '')
    try {
      slot.main.write(bytes, 0)
      slot.main.flush()
    } catch (error) {
      slot.clear()
      throw error
    }
    this.#replace(slot, name)
  }

  /** Gives a file with its journal another name; a file that has it already is gone. */
  rename(from: string, to: string): void {
    const slot = this.find(from)
    if (slot === undefined) throw new Error(`there is no file ${from} in ${this.path}`)
    this.#replace(slot, to)
  }

  /** Deletes a file with its journal, if it is there. */
  remove(name: string): void {
    const slot = this.find(name)
    if (slot !== undefined) this.#free(slot)
  }

  /** Resolves when there are free slots again, which takes tasks of its own; one at a time. */
  refill(): Promise<void> {
    const filled = this.#filling.then(() => this.#fill(performance.now()))
    this.#filling = filled.catch(() => undefined)
    return filled
  }

  /** Lets go of every file. Idempotent. */
  close(): void {
    this.#isClosed = true
    for (const slot of this.#slots.splice(0)) slot.close()
  }

  #replace(slot: OpfsSlot, name: string): void {
    const replaced = this.find(name)
    this.#label(slot, name)
    if (replaced !== undefined && replaced !== slot) this.#free(replaced)
  }

  #label(slot: OpfsSlot, name: string): void {
    this.#generation++
    slot.label({ generation: this.#generation, name })
  }

  #free(slot: OpfsSlot): void {
    this.#label(slot, '')
    slot.clear()
  }

  #takeFree(): OpfsSlot {
    const slot = this.#slots.find(({ isFree }) => isFree)
    if (slot === undefined) throw new Error(`no file is free in ${this.path}: try again in a moment`)
    slot.empty()
    // Behind this step. Whatever keeps it from making files is met again by whoever needs them.
    setTimeout(() => void this.refill().catch(() => undefined))
    return slot
  }

  async #fill(deadline: number): Promise<void> {
    const missing = freeSlots - this.#slots.filter(({ isFree }) => isFree).length
    if (missing <= 0 || this.#isClosed) return
    const numbers = Array.from({ length: missing }, () => this.#next++)
    await this.#openSlots(numbers, deadline)
  }

  async #openSlots(numbers: ReadonlyArray<number>, deadline: number): Promise<void> {
    if (numbers.length > 0) this.#next = Math.max(this.#next, Math.max(...numbers) + 1)
    const names = numbers.flatMap((number) => [`${number}.db`, `${number}.journal`])
    const opening = await Promise.allSettled(names.map((name) => this.#openFile(name, deadline)))
    const opened = opening.map((each) => (each.status === 'fulfilled' ? each.value : undefined))
    const failed = opening.find((each) => each.status === 'rejected')
    if (failed !== undefined || this.#isClosed) {
      for (const access of opened) access?.close()
      if (failed !== undefined) throw failed.reason
      return
    }
    try {
      for (let i = 0; i < opened.length; i += 2)
        this.#slots.push(new OpfsSlot(new SlotFile(opened[i]!), new SlotFile(opened[i + 1]!)))
    } catch (error) {
      // Closing twice does nothing.
      for (const access of opened) access!.close()
      throw error
    }
  }

  async #openFile(name: string, deadline: number): Promise<SyncAccess> {
    for (;;) {
      try {
        return await this.#folder.open(name)
      } catch (error) {
        if (!isHeldError(error)) throw error
        if (performance.now() >= deadline) throw new StoreFilesHeld({ folder: this.path })
      }
      await new Promise((resolve) => setTimeout(resolve, retryMs))
    }
  }

  /** After a crash: of two files of one name the newer counts, and what has no name is emptied. */
  #settle(): void {
    const newestFirst = this.#slots.toSorted((a, b) => b.generation - a.generation)
    this.#generation = newestFirst[0]?.generation ?? 0
    const seen = new Set<string>()
    for (const slot of newestFirst) {
      if (slot.name !== '' && seen.has(slot.name)) this.#free(slot)
      else if (slot.name === '' && slot.isFree) slot.clear()
      seen.add(slot.name)
    }
  }
}

const slotNumbers = (names: ReadonlyArray<string>): ReadonlyArray<number> => {
  const numbers = names
    .map((name) => /^(\d+)\.(?:db|journal)$/.exec(name)?.[1])
    .filter((number) => number !== undefined)
  return Array.from(new Set(numbers), Number).toSorted((a, b) => a - b)
}
