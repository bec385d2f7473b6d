import { SqliteError } from '../sqlite/SqliteError.ts'

/**
 * What `read` finds in a damaged file, or `otherwise` where the damage is.
 *
 * **Fails with** `SqliteError` where the machine fails, which says nothing of the file: who took that for damage would
 * leave out rows that can be read a moment later.
 */
export const readDamaged = <A, B>(read: () => A, otherwise: () => B): A | B => {
  try {
    return read()
  } catch (error) {
    if (error instanceof SqliteError && error.isEnvironment && !error.isDamage) throw error
    return otherwise()
  }
}
