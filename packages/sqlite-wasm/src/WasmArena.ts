import type { WasmExports } from './WasmExports.ts'
import { encodeText, writeText } from './WasmText.ts'

/** Enough for the parameters of nearly every statement; larger values get memory of their own. **Units** bytes. */
const arenaBytes = 64 * 1024

/** Where something lies in the heap. `pointer` is 0 when there was no memory. */
export interface HeapSlice {
  readonly pointer: number
  readonly bytes: number
}

/** A point in an arena's life. */
export interface ArenaMark {
  readonly top: number
  readonly large: number
}

const empty: ArenaMark = { top: 0, large: 0 }

/**
 * Memory for what one call of SQLite reads: the SQL text, or all parameters of one execution. Parameters are bound
 * without a copy (SQLITE_STATIC), so what was put stays where it is until `clear`, which comes after the statement was
 * reset and before the next call puts anything. A connection is never re-entered, so one arena per connection is enough.
 */
export class WasmArena {
  readonly #exports: WasmExports
  readonly #base: number
  #top = 0
  /** Allocated on their own because they did not fit. */
  readonly #large: Array<number> = []

  constructor(exports: WasmExports) {
    this.#exports = exports
    this.#base = exports._malloc(arenaBytes)
  }

  /** Copies a text in, zero-terminated. `bytes` does not count the terminator. */
  putText(text: string): HeapSlice {
    if (this.#top + text.length * 3 + 1 > arenaBytes) {
      const bytes = encodeText(text)
      const pointer = this.#allocate(bytes.length + 1)
      if (pointer === 0) return { pointer, bytes: 0 }
      this.#exports.HEAPU8.set(bytes, pointer)
      this.#exports.HEAPU8[pointer + bytes.length] = 0
      return { pointer, bytes: bytes.length }
    }
    const heap = this.#exports.HEAPU8
    const pointer = this.#base + this.#top
    const bytes = writeText(heap, pointer, text)
    heap[pointer + bytes] = 0
    this.#top += bytes + 1
    return { pointer, bytes }
  }

  /** Copies bytes in. The pointer is never null, or an empty blob would be taken for NULL. */
  putBlob(blob: Uint8Array): HeapSlice {
    const bytes = blob.length
    const fits = this.#top + bytes + 1 <= arenaBytes
    const pointer = fits ? this.#base + this.#top : this.#allocate(bytes)
    if (pointer === 0) return { pointer, bytes: 0 }
    this.#exports.HEAPU8.set(blob, pointer)
    if (fits) this.#top += bytes + 1
    return { pointer, bytes }
  }

  /** Where the next value goes: hand it to `release` to forget what is put from here on. */
  get mark(): ArenaMark {
    return { top: this.#top, large: this.#large.length }
  }

  /** Forgets what was put since `mark` was taken; earlier values stay. */
  release(mark: ArenaMark): void {
    this.#top = mark.top
    while (this.#large.length > mark.large) this.#exports._free(this.#large.pop()!)
  }

  /** Forgets everything that was put. */
  clear(): void {
    this.#top = 0
    if (this.#large.length !== 0) this.release(empty)
  }

  /** Gives the memory back; the arena is of no use afterwards. */
  dispose(): void {
    this.clear()
    this.#exports._free(this.#base)
  }

  #allocate(bytes: number): number {
    const pointer = this.#exports._malloc(bytes)
    if (pointer !== 0) this.#large.push(pointer)
    return pointer
  }
}
