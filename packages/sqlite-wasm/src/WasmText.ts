const encoder = new TextEncoder()
// A leading U+FEFF is part of the text, not a mark to drop.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Up to here a loop over ASCII is faster than a call of the platform's codec: on Node 24 they meet between 16 and 32. */
const shortText = 24

/** UTF-8 of a text into the heap at `pointer`, where `3 * text.length` bytes are free; the number of bytes written. */
export const writeText = (heap: Uint8Array, pointer: number, text: string): number => {
  const length = text.length
  if (length <= shortText) {
    let index = 0
    for (; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code >= 0x80) break
      heap[pointer + index] = code
    }
    if (index === length) return length
  }
  return encoder.encodeInto(text, heap.subarray(pointer, pointer + length * 3)).written
}

/** UTF-8 of a text as bytes of its own. */
export const encodeText = (text: string): Uint8Array => encoder.encode(text)

/** The text of `bytes` bytes of UTF-8 in the heap. NUL is a character like any other. */
export const readText = (heap: Uint8Array, pointer: number, bytes: number): string => {
  if (bytes <= shortText) {
    let text = ''
    let index = 0
    for (; index < bytes; index++) {
      const code = heap[pointer + index]!
      if (code >= 0x80) break
      text += String.fromCharCode(code)
    }
    if (index === bytes) return text
  }
  return decoder.decode(heap.subarray(pointer, pointer + bytes))
}
