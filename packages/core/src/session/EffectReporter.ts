import { pageEventsMax } from '../backend/BackendLimits.ts'
import type { EffectReport, Image } from '../channel/LeaderMessage.ts'
import { type EventEffect, packEffects } from '../channel/PackedEffects.ts'
import { compare, equals, type EventSequenceNumber, type Position } from '../event/EventSequenceNumber.ts'
import type { RetainedEffect, SessionDatabase } from './SessionDatabase.ts'
import type { SessionState } from './SessionState.ts'

const effectOf = (database: SessionDatabase, { id, changeset }: RetainedEffect): EventEffect => {
  const error = changeset.length === 0 ? database.quarantineError(id) : null
  return { outcome: error === null ? 'applied' : 'skipped', changeset, error }
}

/** Effects of this session's own events at `seqs`, for a push. **Shape** `after`: the position directly before the first. */
export const effectsBehind = (database: SessionDatabase, after: Position, count: number): ReadonlyArray<EventEffect> =>
  database.retainedBehind(after, count).map((retained) => effectOf(database, retained))

/**
 * What the leader's state lacks: the effects of confirmed rows behind `after`, one page of them; `null` if this session
 * cannot tell them any more.
 */
export const reportEffects = (session: SessionState, after: Position): EffectReport | null => {
  const { database, sync, epoch } = session
  if (database === null || compare(after, database.trimmedTo) < 0) return null
  const fresh = takeInstalled(session, after)
  if (fresh !== undefined) return fresh
  const retained = database.retainedBehind(after, pageEventsMax).filter((row) => compare(row, sync.upstreamHead) <= 0)
  return {
    epoch,
    after,
    seqs: retained.map(({ global, client }): EventSequenceNumber => ({ global, client, rebaseGeneration: 0 })),
    ids: retained.map(({ id }) => id),
    effects: packEffects(retained.map((row) => effectOf(database, row))),
  }
}

/** The report without reading the database, if what is wanted is what the last merge did. */
const takeInstalled = (session: SessionState, after: Position): EffectReport | undefined => {
  const { installed, sync, epoch } = session
  session.installed = null
  if (installed === null || !equals(installed.after, after)) return undefined
  const count = installed.rows.findIndex(({ seq }) => compare(seq, sync.upstreamHead) > 0)
  const rows = count < 0 ? installed.rows : installed.rows.slice(0, count)
  return {
    epoch,
    after,
    seqs: rows.map(({ seq }) => seq),
    ids: rows.map(({ event }) => event.id),
    effects: packEffects(installed.effects.slice(0, rows.length)),
  }
}

/** The session's database at its upstreamHead; `undefined` if that cannot be made. */
export const makeImage = (session: SessionState): Image | undefined => {
  const { database, sync, epoch, attachment, schema } = session
  if (database === null) return undefined
  const bytes = database.imageAt(sync.upstreamHead, session.openDatabase)
  if (bytes === undefined) return undefined
  return {
    _tag: 'image',
    epoch,
    attachment,
    at: sync.upstreamHead,
    trimmedTo: database.trimmedTo,
    fingerprint: schema.descriptor.fingerprint,
    bytes,
  }
}
