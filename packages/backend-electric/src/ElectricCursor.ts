/**
 * What a page's cursor says: which append it ends with, and where its shape can be read on.
 *
 * **Shape**  `<append>/<handle>/<offset>`; `<append>` is the server's own cursor, `<global>.<mark>`, empty at the root. The
 * rest is missing where there is no place in a shape that everything handed on stands before. A cursor of `httpBackend` is
 * `<append>` alone, and the server reads no further than that: both backends take each other's cursors.
 */

/** A place in a shape's log: what is behind it comes next. */
export interface ShapePlace {
  readonly handle: string
  readonly offset: string
}

export interface ElectricCursor {
  /** `null` at the root. */
  readonly append: string | null
  readonly place: ShapePlace | null
}

/** As the server lets pass; anything else is not ours, and is not sent. */
const cursorPattern = /^([^/]*)\/([\w.:-]{1,128})\/([\w.:-]{1,128})$/

export const readCursor = (text: string | null): ElectricCursor => {
  const [, append, handle, offset] = cursorPattern.exec(text ?? '') ?? []
  if (append === undefined || handle === undefined || offset === undefined) {
    return { append: text === '' ? null : text, place: null }
  }
  return { append: append === '' ? null : append, place: { handle, offset } }
}

export const cursorText = ({ append, place }: ElectricCursor): string | null =>
  place === null ? append : `${append ?? ''}/${place.handle}/${place.offset}`
