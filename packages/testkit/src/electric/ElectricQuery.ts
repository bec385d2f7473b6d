import { type ElectricOffset, readOffset } from './ElectricOffset.ts'
import type { ShapeErrors } from './ShapeDefinition.ts'

/** What a request asks for, once it makes sense. */
export interface ElectricQuery {
  readonly offset: ElectricOffset | '-1' | 'now'
  /** The offset, as it was written. */
  readonly asked: string
  readonly handle: string | undefined
  readonly isLive: boolean
  readonly isStream: boolean
  readonly cursor: string | undefined
  readonly ifNoneMatch: string | undefined
}

/** Reads what says where a reader stands and how it waits; which rows it wants is read by ShapeDefinition.ts. */
export const readQuery = (
  query: URLSearchParams,
  ifNoneMatch: string | undefined,
): ElectricQuery | { readonly errors: ShapeErrors } => {
  const asked = query.get('offset') ?? ''
  const [isLive, isStream] = [query.get('live') === 'true', query.get('live_sse') === 'true']
  const handle = query.get('handle') ?? undefined
  if ((query.get('table') ?? '') === '') return { errors: { table: ["can't be blank"] } }
  if (asked === '') return { errors: { offset: ["can't be blank"] } }
  const offset = asked === '-1' || asked === 'now' ? asked : readOffset(asked)
  if (offset === undefined) return { errors: { offset: ['has invalid format'] } }
  if (isStream && !isLive) return { errors: { live_sse: ["can't be true unless live is also true"] } }
  if (isLive && offset === '-1') return { errors: { live: ["can't be true when offset == -1"] } }
  if (typeof offset !== 'string' && handle === undefined) {
    return { errors: { handle: ["can't be blank when offset != -1"] } }
  }
  return { offset, asked, handle, isLive, isStream, cursor: query.get('cursor') ?? undefined, ifNoneMatch }
}
