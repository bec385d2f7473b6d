/**
 * What of a client's request for a shape goes on to Electric: where it stands, and nothing that says which rows.
 *
 * | Parameter                                                              | What becomes of it                       |
 * | ---------------------------------------------------------------------- | ---------------------------------------- |
 * | {@link forwarded}                                                      | passed on, once, if it looks like one    |
 * | `log=full`, `replica=default`, `experimental_live_sse`                 | dropped: what the shape is anyway        |
 * | `table`, `where`, `params…`, `columns`, other `log`, `subset__…`, keys | refused: they would change the shape     |
 * | anything else                                                          | dropped: Electric must not learn of it   |
 *
 * Nothing is passed on but by name, so that a parameter of a later Electric changes nothing either.
 */
import { ServerFailure } from './ServerFailure.ts'

/** Electric's own, that say where a reader stands and how it waits. */
const forwarded = ['offset', 'handle', 'live', 'live_sse', 'cursor', 'expired_handle', 'cache-buster'] as const

/** Handles, offsets and cursors are numbers, `-`, `_` and words; the longest is about 40. */
const valuePattern = /^[\w.:-]{1,128}$/

/** What would make another shape of it. */
const isDefining = (name: string, value: string): boolean => {
  if (name === 'log') return value !== 'full'
  if (name === 'replica') return value !== 'default'
  return /^(table|where|columns|secret|api_secret|source_id|source_secret|database_id|params\b.*|subset__.*)$/i.test(
    name,
  )
}

/** The request asks for other rows or columns than its store's. **Shape** `asked`: `name=value`, cut. */
export class ShapeWidened {
  readonly _tag = 'ShapeWidened'
  readonly asked: string
  constructor(name: string, value: string) {
    this.asked = `${name}=${value}`.slice(0, 200)
  }
}

/** The parameters to pass on, or why not. */
export const readShapeRequest = (
  query: URLSearchParams,
): ReadonlyMap<string, string> | ShapeWidened | ServerFailure => {
  for (const [name, value] of query) if (isDefining(name, value)) return new ShapeWidened(name, value)
  const asked = new Map<string, string>()
  for (const name of forwarded) {
    const values = query.getAll(name).filter((value) => value !== '')
    const [value] = values
    if (value === undefined) continue
    if (values.length > 1 || !valuePattern.test(value)) {
      return new ServerFailure({
        tag: 'MalformedRequest',
        detail: `${name} must be there once, and as Electric gave it`,
      })
    }
    asked.set(name, value)
  }
  return asked
}
