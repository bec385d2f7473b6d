/** Start values and multipliers of the two lanes: FNV-1a's, and those of MurmurHash3's last mixing. */
const lanes = [
  { start: 0x811c9dc5, by: 0x01000193 },
  { start: 0xc2b2ae35, by: 0x85ebca6b },
] as const

/**
 * Hashes texts in the order in which they are added, synchronously and the same on every platform. 64 bits: it tells runs
 * apart that stored something else, and keeps nobody from making two that look alike.
 */
export class Checksum {
  #first: number = lanes[0].start
  #second: number = lanes[1].start

  add(text: string): this {
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      this.#first = Math.imul(this.#first ^ unit, lanes[0].by)
      this.#second = Math.imul(this.#second ^ unit ^ (this.#first >>> 16), lanes[1].by)
    }
    return this
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    return [this.#first, this.#second].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
