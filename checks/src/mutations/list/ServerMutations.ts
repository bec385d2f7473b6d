import type { Mutation } from '../Mutation.ts'

const server = 'packages/server/src'
const backend = 'packages/server/test/HttpBackend.test.ts'
const postgres = 'packages/server/test/PostgresLogStorage.test.ts'

/** Faults of the server. */
export const serverMutations: ReadonlyArray<Mutation> = [
  {
    name: 'parent-checked-before-known-ids',
    why: 'a retry after a lost answer is told that it is behind, and rebases what the server has already',
    file: `${server}/PushJudgement.ts`,
    find: `  const places = batch.events.map((event) => log.placeOf(event.id))\n`,
    replace: `  const places = batch.events.map((event) => log.placeOf(event.id))
  if (batch.events[0]?.parentGlobal !== log.head.global) return { _tag: 'BackendAhead', head: log.head }\n`,
    caughtBy: { file: backend, test: 'push: the same batch again is accepted' },
  },
  {
    name: 'append-without-parent-check',
    why: 'two devices that push at once both win: the log forks',
    file: `${server}/SqliteLog.ts`,
    find: `if (judged === 'BackendAhead') return ahead(`,
    replace: `if (judged === 'BackendAhead' && view.head.global < 0) return ahead(`,
    caughtBy: { file: backend, test: 'of 8 clients with one parent exactly one wins' },
  },
  {
    name: 'known-event-with-other-content-accepted',
    why: 'an id that is taken is acknowledged: the event is lost',
    file: `${server}/PushJudgement.ts`,
    find: `if (place === undefined || isSameEvent(log.eventAt(place), event)) continue`,
    replace: `if (place === undefined || log.eventAt(place).id === event.id) continue`,
    caughtBy: { file: backend, test: 'a known id with other content is rejected' },
  },
  {
    name: 'missing-tail-sent-incomplete',
    why: 'a client that is far behind takes a part for the whole and rebases again and again',
    file: `${server}/SqliteLog.ts`,
    find: `  if (row.headGlobal - after > pageEventsMax) return { _tag: 'BackendAhead', head }
  const missingJson = readTexts(statements, row.key, after, pageEventsMax, pageBytesMax)
  return missingJson.length === row.headGlobal - after
    ?`,
    replace: `  const missingJson = readTexts(statements, row.key, after, pageEventsMax, pageBytesMax)
  return missingJson.length > 0
    ?`,
    caughtBy: { file: backend, test: 'far behind the head is BackendAhead too' },
  },
  {
    name: 'acknowledged-before-durable',
    why: 'a crash of the server takes events that clients were told are safe',
    file: `${server}/GroupCommit.ts`,
    find: `      for (const { write } of group) results.push(write())`,
    replace: `      for (const { write, settle } of group) {
        const result = write()
        results.push(result)
        settle(Effect.succeed(result))
      }`,
    caughtBy: {
      file: 'packages/server/test/SqliteLogStorage.test.ts',
      test: 'nothing is acknowledged whose COMMIT fails',
    },
  },
  {
    name: 'server-log-not-synced',
    why: 'a power cut takes events that clients were told are safe',
    file: `${server}/DataFolder.ts`,
    find: `database.pragma('synchronous = FULL')`,
    replace: `database.pragma('synchronous = OFF')`,
    caughtBy: { file: 'packages/server/test/SqliteLogStorage.test.ts', test: 'each COMMIT is synced to disk' },
  },
  {
    name: 'append-during-the-first-page-not-heard',
    why: 'a commit that comes while a reader connects is seen a heartbeat later, up to 15 s',
    file: `${server}/LiveStream.ts`,
    find: `at.isRead = !isFirst && said.isCaughtUp`,
    replace: `at.isRead = said.isCaughtUp`,
    caughtBy: {
      file: 'packages/server/test/LiveStream.test.ts',
      test: 'between the first page and the moment from which news are heard',
    },
  },
  {
    name: 'live-stream-loses-an-append',
    why: 'an event that arrives while a page is read shows up only with the next heartbeat',
    file: `${server}/News.ts`,
    find: `if (!isNews && !server.stopping.aborted`,
    replace: `if (!server.stopping.aborted`,
    caughtBy: {
      file: 'packages/server/test/SqliteLogStorage.test.ts',
      test: 'an append between two waits is not missed',
    },
  },
  {
    name: 'pull-behind-a-position-off-by-one',
    why: 'every page starts with the last event of the one before',
    file: `${server}/SqliteLog.ts`,
    find: `AND global > ? ORDER BY global`,
    replace: `AND global >= ? ORDER BY global`,
    caughtBy: { file: backend, test: 'pull: nothing at or before the position' },
  },
  {
    name: 'cursor-mark-not-compared',
    why: 'after a restore a device goes on with events that nobody else has, and is not told',
    file: `${server}/AppendMark.ts`,
    find: `keyAt(named.global)?.mark === named.mark`,
    replace: `keyAt(named.global) !== undefined`,
    caughtBy: { file: backend, test: 'restore: the same event at the same place behind other events' },
  },
  {
    name: 'clients-not-bound-to-their-user',
    why: "one user can push as another's device",
    file: `${server}/SqliteLog.ts`,
    find: `if (principalId === null || request.mayPushForOthers) return undefined`,
    replace: `if (principalId !== '' || request.mayPushForOthers) return undefined`,
    caughtBy: { file: 'packages/server/test/Handler.test.ts', test: 'a clientId belongs to who used it first' },
  },
  {
    name: 'postgres-clients-not-bound-to-their-user',
    why: "one user can push as another's device",
    file: `${server}/PostgresLog.ts`,
    find: `WHERE c.store_id = r.store COLLATE "C" AND c.principal_id <> r.principal`,
    replace: `WHERE c.store_id = r.store COLLATE "C" AND false`,
    caughtBy: { file: postgres, test: 'port: a client belongs to who used it first, in its store only' },
  },
  {
    name: 'postgres-group-fails-as-a-whole',
    why: "one device's bad event makes the pushes of others fail",
    file: `${server}/PostgresAppends.ts`,
    find: `if (group.length > 1 && isOfStatement(error))`,
    replace: `if (group.length > 100 && isOfStatement(error))`,
    caughtBy: { file: postgres, test: 'a statement that fails because of one store fails for that store only' },
  },
  {
    name: 'postgres-lost-text-accepted',
    why: 'half of a surrogate pair comes back as another character: devices differ for ever',
    file: `${server}/PostgresLog.ts`,
    find: `text.isWellFormed() && !text.includes`,
    replace: `!text.includes`,
    caughtBy: { file: postgres, test: 'port: every text comes back as it was' },
  },
  {
    name: 'postgres-wakes-nobody-elsewhere',
    why: 'what one device commits shows on another server only when it looks by itself',
    file: `${server}/PostgresLogStorage.ts`,
    find: `          news.get(placement.database.id)?.tell(request.storeId)\n`,
    replace: ``,
    caughtBy: { file: postgres, test: 'readers on another server are told by NOTIFY' },
  },
  {
    name: 'postgres-never-looks-by-itself',
    why: 'a message that is lost leaves readers behind until the next append',
    file: `${server}/PostgresNews.ts`,
    find: `if (found.get(storeId) !== seen.get(storeId)) listeners.call(storeId)`,
    replace: `if (!seen.has(storeId)) listeners.call(storeId)`,
    caughtBy: { file: postgres, test: 'a lost message costs the time until the next look' },
  },
]
