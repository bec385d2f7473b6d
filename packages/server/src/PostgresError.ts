/**
 * What can go wrong with a PostgreSQL, by SQLSTATE or by what the network says.
 *
 * | Code                       | Means                                         | Said as                                  |
 * | -------------------------- | --------------------------------------------- | ---------------------------------------- |
 * | `ECONN…`, `ENOTFOUND`, 08… | nobody there, or the connection was lost      | unreachable; the connection is dropped   |
 * | 57P01–57P03                | it stops or starts                            | unreachable; the connection is dropped   |
 * | 28…                        | user or password                              | refused                                  |
 * | 3D000                      | no such database                              | refused                                  |
 * | 25006                      | read-only, a standby                          | read-only; the connection is dropped, so that the next one may reach the primary |
 * | 53300                      | out of connections                            | busy                                     |
 * | 57014, 55P03               | a statement or a lock took too long           | busy                                     |
 */
import * as Data from 'effect/Data'
import { StorageFailed } from './LogStorage.ts'

/** Why a database cannot be used at all. The message says what to do. */
export class DatabaseError extends Data.TaggedError('DatabaseError')<{
  readonly reason:
    | 'DriverMissing'
    | 'InvalidUrl'
    | 'Unreachable'
    | 'Refused'
    | 'ReadOnly'
    | 'NewerSchema'
    | 'WrongDatabases'
    | 'NotUtf8'
    | 'Unusable'
  readonly detail: string
}> {
  override get message(): string {
    return this.detail
  }
  get isRetryable(): boolean {
    return this.reason === 'Unreachable' || this.reason === 'ReadOnly'
  }
}

/** SQLSTATE, Node's code, or nothing. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** An id, or a place, that is there already. */
export const isUniqueViolation = (error: unknown): boolean => codeOf(error) === '23505'

/** Whether it is the statement that failed, not the way to the database: without some of it the rest may well work. */
export const isOfStatement = (error: unknown): boolean => /^(21|22|23|42|54|53(?!300))/.test(codeOf(error))

/** A connection that nothing more can be asked of; errors of pg itself have no code. */
export const isConnectionLost = (error: unknown): boolean => {
  const code = codeOf(error)
  return code === '' || /^(E[A-Z]+|08|57P0|25006)/.test(code)
}

/** Whether pg threw it, who has plain errors for what happens to connections; what we throw has classes. */
export const isOfDatabase = (error: unknown): boolean =>
  error instanceof Error && (codeOf(error) !== '' || error.constructor === Error)

/** Turns what a statement failed with into the port's failure. */
export const storageFailed = (operation: string, error: unknown): StorageFailed => {
  if (error instanceof StorageFailed) return error
  return new StorageFailed({ operation, detail: `${codeOf(error)} ${textOf(error)}${adviceOf(error)}`.trim() })
}

/** Turns what opening failed with into a `DatabaseError`. **Shape** `name`: host and database, never the password. */
export const databaseError = (name: string, error: unknown): DatabaseError => {
  if (error instanceof DatabaseError) return error
  const code = codeOf(error)
  const said = `${name}: ${textOf(error)}`
  if (code.startsWith('28'))
    return new DatabaseError({ reason: 'Refused', detail: `${said}; check user and password in the database URL` })
  if (code === '3D000')
    return new DatabaseError({ reason: 'Refused', detail: `${said}; create it, or name another in the database URL` })
  if (code === '25006')
    return new DatabaseError({ reason: 'ReadOnly', detail: `${said}; give the URL of the primary, not of a standby` })
  if (code === '42501')
    return new DatabaseError({
      reason: 'Refused',
      detail: `${said}; grant the user CREATE on the schema for the first start`,
    })
  if (code === '53300') return new DatabaseError({ reason: 'Unreachable', detail: `${said}${adviceOf(error)}` })
  if (isConnectionLost(error))
    return new DatabaseError({
      reason: 'Unreachable',
      detail: `${said}${adviceOf(error)}; check that it runs and that the database URL is right`,
    })
  return new DatabaseError({ reason: 'Unusable', detail: `${said} (${code})` })
}

/** pg wraps what it tried per address in an AggregateError without a text. */
const textOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(textOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

const adviceOf = (error: unknown): string => {
  const code = codeOf(error)
  if (code === '25006') return '; the database is read-only, is it a standby?'
  if (code === '53300') return '; raise max_connections, or lower --connections of each server'
  if (code === '53100') return '; its disk is full'
  return ''
}
