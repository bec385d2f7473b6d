/**
 * The label of a slot: which database its files hold. Each of a slot's two files begins with {@link labelAreaBytes} for
 * two labels, at 0 and at {@link labelBytes}; the newest valid one of the four counts.
 *
 * | Bytes  | Field      |                                                                                |
 * | ------ | ---------- | ------------------------------------------------------------------------------ |
 * | 0–7    | magic      | `hwslot-1`: version 1 of this format                                           |
 * | 8–11   | generation | uint32, of the whole pool: a label that is written later has a higher one       |
 * | 12–15  | length     | uint32, bytes of the name; 0: the slot is free                                 |
 * | 16–19  | checksum   | FNV-1a of generation, length and name                                          |
 * | 20–    | name       | UTF-8                                                                          |
 *
 * A new label goes where the older of the two is. So whatever a crash leaves of it, the one before is whole; and if two
 * slots have the same name, the higher generation is the one that was put in the other's place.
 */

/** One page of a disk: a label never shares one with another. **Units** bytes. */
export const labelBytes = 4096

/** Where a file's content begins. */
export const labelAreaBytes = 2 * labelBytes

/** **Units** bytes of UTF-8. */
const nameBytesMax = 512

const magic = new TextEncoder().encode('hwslot-1')
const nameAt = 20

export interface SlotLabel {
  readonly generation: number
  /** Empty for a slot that is free. */
  readonly name: string
}

/** **Fails with** `RangeError` for a name that is too long. */
export const encodeLabel = ({ generation, name }: SlotLabel): Uint8Array => {
  const encoded = new TextEncoder().encode(name)
  if (encoded.length > nameBytesMax) throw new RangeError(`the name of a file is too long: ${name}`)
  const bytes = new Uint8Array(nameAt + nameBytesMax)
  const view = new DataView(bytes.buffer)
  bytes.set(magic)
  view.setUint32(8, generation)
  view.setUint32(12, encoded.length)
  bytes.set(encoded, nameAt)
  view.setUint32(16, checksum(bytes, encoded.length))
  return bytes
}

/** `undefined` for bytes that are no label, or a damaged one. */
export const decodeLabel = (bytes: Uint8Array): SlotLabel | undefined => {
  if (bytes.length < nameAt || magic.some((byte, i) => bytes[i] !== byte)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const length = view.getUint32(12)
  if (length > nameBytesMax || nameAt + length > bytes.length) return undefined
  if (view.getUint32(16) !== checksum(bytes, length)) return undefined
  return { generation: view.getUint32(8), name: new TextDecoder().decode(bytes.subarray(nameAt, nameAt + length)) }
}

const checksum = (bytes: Uint8Array, length: number): number => {
  let hash = 0x811c9dc5
  const add = (byte: number): void => void (hash = Math.imul(hash ^ byte, 0x01000193))
  for (let i = 8; i < 16; i++) add(bytes[i]!)
  for (let i = nameAt; i < nameAt + length; i++) add(bytes[i]!)
  return hash >>> 0
}
