/**
 * A database image: the bytes of a SQLite file, as they pass between drivers, threads and machines.
 *
 * Bytes 18 and 19 of the header are the file format's write and read version: 1 is a rollback journal, 2 is WAL. An
 * image of a WAL-mode file carries all its rows, but no driver opens it from memory (SQLITE_CANTOPEN) until both are 1.
 *
 * **Source**  https://www.sqlite.org/fileformat.html#file_format_version_numbers
 */
const writeVersion = 18
const readVersion = 19

/** Whether an image is marked as WAL and would not open from memory. */
export const isMarkedAsWal = (image: Uint8Array): boolean => image[writeVersion] === 2 || image[readVersion] === 2

/** Clears the WAL mark in place. The caller must own the bytes. Nothing happens to an image that has no mark. */
export const clearWalMark = (image: Uint8Array): void => {
  if (!isMarkedAsWal(image)) return
  image[writeVersion] = 1
  image[readVersion] = 1
}
