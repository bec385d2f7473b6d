/**
 * How the leader's state follows the log: the host session reports the effects that the state lacks, or sends its whole
 * database when it cannot tell them any more.
 */
import type { EffectReport, Image } from '../channel/LeaderMessage.ts'
import { effectAt } from '../channel/PackedEffects.ts'
import { compare, equals } from '../event/EventSequenceNumber.ts'
import { hasLeadingSchema, type LeaderState, settledHeadOf } from './LeaderState.ts'
import { followEffects } from './LogWriter.ts'
import type { SessionFeed } from './SessionFeed.ts'
import type { RowEffect } from './StateReplica.ts'

/** A feed message was taken. **Shape** `report`: the effects it asked for, `null` if none or if they cannot be told. */
export const takeAck = (leader: LeaderState, feed: SessionFeed, report: EffectReport | null): void => {
  feed.isUnderWay = false
  const stateHead = leader.replica.head?.position
  if (report === null) {
    if (feed === leader.host) askForImage(leader, feed)
    return
  }
  // It may have been under way when a newer schema took the lead.
  if (!hasLeadingSchema(leader, feed)) return
  if (report.epoch !== leader.log.status.epoch || stateHead === undefined || !equals(report.after, stateHead)) return
  const effects = report.seqs.flatMap((seq, i): Array<RowEffect> => {
    const effect = effectAt(report.effects, i)
    const id = report.ids[i]
    return effect === undefined || id === undefined ? [] : [{ seq, id, effect }]
  })
  if (effects.length > 0) followEffects(leader, effects)
  feed.isDirty = true
}

/** The host has everything and still cannot report what the state lacks: its whole database will do. */
const askForImage = (leader: LeaderState, host: SessionFeed): void => {
  const { log, replica, sync } = leader
  const isLagging = compare(replica.head?.position ?? sync.localHead, sync.localHead) < 0
  if (!isLagging || !host.isAskedForEffects || leader.imageAskedFor === log.status.epoch) return
  leader.imageAskedFor = log.status.epoch
  host.send({ _tag: 'want-image', term: log.status.term, epoch: log.status.epoch })
}

/** It cannot send its database now, maybe later. */
export const takeNoImage = (leader: LeaderState, feed: SessionFeed | null): void => {
  if (feed === leader.host) leader.imageAskedFor = null
}

/** Installs a host's database, if it stands at a prefix of the log as it is now. **Fails with** `SqliteError`. */
export const takeImage = (leader: LeaderState, image: Image): void => {
  leader.imageAskedFor = null
  const { log, schema, replica } = leader
  const isOurs = image.epoch === log.status.epoch && image.attachment === log.status.attachment
  const atId = log.idAt(image.at)
  if (!isOurs || atId === undefined || schema === null || schema.fingerprint !== image.fingerprint) return
  if (compare(image.trimmedTo, settledHeadOf(leader)) > 0) return
  const { at, epoch, trimmedTo, attachment, fingerprint } = image
  replica.install(image.bytes, { position: at, eventId: atId, epoch, trimmedTo, attachment, fingerprint }, schema, log)
  for (const feed of leader.feeds.values()) feed.isDirty = true
}
