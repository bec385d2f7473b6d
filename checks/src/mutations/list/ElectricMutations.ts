import type { Mutation } from '../Mutation.ts'

const electric = 'packages/backend-electric/src'
const server = 'packages/server/src'
const double = 'packages/testkit/src/electric'
const log = 'packages/backend-electric/test/ShapeLog.test.ts'
const suite = 'packages/backend-electric/test/ElectricBackend.test.ts'
const faults = 'packages/backend-electric/test/ElectricFaults.test.ts'
const malformed = 'packages/backend-electric/test/MalformedAnswers.test.ts'
const recordings = 'packages/backend-electric/test/Recordings.test.ts'
const proxy = 'packages/server/test/ShapeRoute.test.ts'

/** Faults of the Electric backend, of the proxy in front of Electric, and of Electric's double. */
export const electricMutations: ReadonlyArray<Mutation> = [
  {
    name: 'shape-rows-in-the-order-they-came',
    why: 'events of a first reading come out of order, and sync stops',
    file: `${electric}/ShapeLog.ts`,
    find: `const values = global < until ? this.#waiting.get(global + 1) : undefined`,
    replace: `const values = global < until ? [...this.#waiting.values()][rows.length] : undefined`,
    caughtBy: { file: log, test: 'of a log that only grew' },
  },
  {
    name: 'shape-gap-is-not-looked-for',
    why: 'a row that Electric has lost is waited for, for ever',
    file: `${electric}/ShapeLog.ts`,
    find: `const isGap = isUpToDate && this.#waiting.size > rows.length`,
    replace: `const isGap = isUpToDate && this.#waiting.size < rows.length`,
    caughtBy: { file: log, test: 'a gap' },
  },
  {
    name: 'shape-parent-is-not-checked',
    why: 'a shape over another database is taken for the log',
    file: `${electric}/ShapeLog.ts`,
    find: `if (row.event.parentId !== eventId) return doubt(`,
    replace: `if (row.event.parentId === '') return doubt(`,
    caughtBy: { file: log, test: 'an event without its parent' },
  },
  {
    name: 'shape-cursor-skips-what-waits',
    why: 'a client that comes back in the middle of a first reading misses the rows that had come too early',
    file: `${electric}/ShapeLog.ts`,
    find: `if (place !== undefined && this.#waiting.size === 0) this.#place = place`,
    replace: `if (place !== undefined) this.#place = place`,
    caughtBy: { file: log, test: 'every page is a place to read on from' },
  },
  {
    name: 'shape-caught-up-before-the-head',
    why: 'the app is told that all is here while an acknowledged event is still on its way through Electric',
    file: `${electric}/ShapeLog.ts`,
    find: `const isCaughtUp = isUpToDate && reached.global >= this.#head.global`,
    replace: `const isCaughtUp = isUpToDate`,
    caughtBy: { file: log, test: 'a shape that is behind the database is not caught up' },
  },
  {
    name: 'shape-half-an-append',
    why: 'a reader sees a part of a commit group as if it were all',
    file: `${electric}/ShapeLog.ts`,
    find: `const until = isUpToDate ? Infinity : this.#head.global - 1`,
    replace: `const until = Infinity`,
    caughtBy: { file: log, test: 'before an up-to-date nothing behind the known head is handed on' },
  },
  {
    name: 'shape-waits-without-bound',
    why: 'a snapshot in great disorder is kept in memory as a whole',
    file: `${electric}/ShapeLog.ts`,
    find: `if (waitingSize > this.#waitingMax) return doubt(`,
    replace: `if (waitingSize > Infinity) return doubt(`,
    caughtBy: { file: log, test: 'rows that wait for others are bounded' },
  },
  {
    name: 'shape-history-is-believed',
    why: 'rows that a restore took away are handed on, because a shape replays them before it says that they are gone',
    file: `${electric}/ElectricPull.ts`,
    find: `if (isUpToDate || claim.after.global === log.end.after.global) return Effect.succeed(undefined)`,
    replace: `if (claim.after.global >= 0) return Effect.succeed(undefined)`,
    caughtBy: { file: suite, test: 'restore: a shorter log ends its streams' },
  },
  {
    name: 'dropped-shape-is-read-from-its-beginning',
    why: 'each time Electric drops a shape every client loads the whole log once more',
    file: `${electric}/ElectricPull.ts`,
    find: `    log.restart(info.head)
    state.from = 'now'`,
    replace: `    log.restart(info.head)
    state.from = '-1'`,
    caughtBy: { file: faults, test: 'while a live stream is open: it goes on' },
  },
  {
    name: 'late-electric-is-waited-for',
    why: 'an Electric that stands still stops sync, and nobody is told',
    file: `${electric}/ElectricPull.ts`,
    find: `const isBehind = state.isUpToDate && log.end.after.global < connection.told.headGlobal`,
    replace: `const isBehind = state.isUpToDate && log.end.after.global > connection.told.headGlobal`,
    caughtBy: { file: faults, test: 'or stands still' },
  },
  {
    name: 'event-stream-read-without-its-reader',
    why: 'a slow tab keeps a whole backlog in memory',
    file: `${electric}/ShapeReader.ts`,
    find: `if (size >= pageBytesMax && !isWanted) return`,
    replace: `if (size >= Infinity && !isWanted) return`,
    caughtBy: { file: faults, test: 'a reader that stands still' },
  },
  {
    name: 'event-stream-waits-for-itself',
    why: 'one transaction that is larger than a page never arrives: both sides wait',
    file: `${electric}/ShapeReader.ts`,
    find: `if (size >= pageBytesMax && !isWanted) return`,
    replace: `if (size >= pageBytesMax) return`,
    caughtBy: { file: faults, test: 'one transaction that is larger than a page' },
  },
  {
    name: 'broken-shape-is-no-shape',
    why: 'a connection that is cut in the middle of an answer stops sync for good',
    file: `${electric}/ShapeFetch.ts`,
    find: `if (last !== closeBracket) throw fail(brokenOff)`,
    replace: `if (last === undefined) throw fail(brokenOff)`,
    caughtBy: { file: malformed, test: 'one that breaks off' },
  },
  {
    name: 'hidden-page-stops-sync',
    why: 'when the tab that syncs for the others is hidden, none of them hears of anything',
    file: `${electric}/ShapeFetch.ts`,
    find: `!closed.aborted && (isStream || init?.signal?.aborted !== true)`,
    replace: `!closed.aborted && init?.signal?.aborted !== true`,
    caughtBy: {
      file: 'packages/backend-electric/test/ShapeFetch.test.ts',
      test: 'a stream that is ended by neither side',
    },
  },
  {
    name: 'proxy-passes-parameters-on',
    why: 'a client reads every table of the database',
    file: `${server}/ShapeRequest.ts`,
    find: `for (const name of forwarded) {`,
    replace: `for (const name of new Set([...forwarded, ...query.keys()])) {`,
    caughtBy: { file: proxy, test: 'the shape of the store' },
  },
  {
    name: 'proxy-refuses-nobody',
    why: 'who tries to read what is not theirs is not found out',
    file: `${server}/ShapeRequest.ts`,
    find: `for (const [name, value] of query) if (isDefining(name, value)) return new ShapeWidened(name, value)`,
    replace: `for (const [name, value] of query) if (isDefining(name, value)) break`,
    caughtBy: { file: proxy, test: 'another table' },
  },
  {
    name: 'proxy-answers-are-public',
    why: 'a cache in front gives the rows of one user to another',
    file: `${server}/ShapeRoute.ts`,
    find: `const isShared = electric.caching === 'shared' && lifetime !== null`,
    replace: `const isShared = lifetime !== null`,
    caughtBy: { file: proxy, test: "Electric's own headers and the body" },
  },
  {
    name: 'proxy-follows-redirects',
    why: "Electric's secret is sent to whomever a redirect names",
    file: `${server}/ShapeRoute.ts`,
    find: `        redirect: 'manual',
        signal: asking.signal,`,
    replace: `        signal: asking.signal,`,
    caughtBy: { file: proxy, test: 'a moved one' },
  },
  {
    name: 'proxy-tells-the-secret-to-the-log',
    why: "Electric's secret is in log files",
    file: `${server}/ElectricService.ts`,
    find: `text.replaceAll(secret, '…')`,
    replace: `text.replaceAll(secret, secret)`,
    caughtBy: { file: proxy, test: 'one that repeats what it was asked' },
  },
  {
    name: 'proxy-heartbeat-inside-a-message',
    why: 'a message that comes in two pieces is broken by a sign of life',
    file: `${server}/ShapeBody.ts`,
    find: `if (said === 'silence' && !isBetweenMessages) continue`,
    replace: `if (said === 'silence' && !isOpened) continue`,
    caughtBy: { file: proxy, test: 'never inside one' },
  },
  {
    name: 'double-shows-a-transaction-twice',
    why: 'the double of Electric is not as Electric is: what its snapshot shows comes again in its log',
    file: `${double}/ElectricShape.ts`,
    find: `if (isVisible(snapshot, transaction.xid)) return`,
    replace: `if (transaction.xid < 0n) return`,
    caughtBy: { file: recordings, test: 'every row once' },
  },
  {
    name: 'double-does-not-cut-chunks',
    why: 'the double of Electric is not as Electric is: everything comes in one answer',
    file: `${double}/ElectricShape.ts`,
    find: `if (this.#openChunk.bytes >= this.#chunkBytes) this.#openChunk`,
    replace: `if (this.#openChunk.bytes >= Infinity) this.#openChunk`,
    caughtBy: { file: recordings, test: 'the messages of all exchanges, in their order' },
  },
]
