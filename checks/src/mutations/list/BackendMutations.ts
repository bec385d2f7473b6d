import type { Mutation } from '../Mutation.ts'

const leader = 'packages/core/src/leader'
const engine = 'packages/core/test/engine/Engine.test.ts'

/** Faults of the loops between a leader and its backend, and of the HTTP client. */
export const backendMutations: ReadonlyArray<Mutation> = [
  {
    name: 'client-only-events-pushed',
    why: 'drafts and selections of one device reach the server and everybody else',
    file: `${leader}/BackendBatch.ts`,
    find: `if (!row.event.isClientOnly) rows.push(row)`,
    replace: `rows.push(row)`,
    caughtBy: { file: engine, test: 'one behind an unsettled synced event waits for it' },
  },
  {
    name: 'commit-group-split-at-a-batch-border',
    why: 'a refusal hits half of a commit: the other half is on the server already',
    file: `${leader}/BackendBatch.ts`,
    find: `while (boundary > 0 && groupOf(boundary - 1) === groupOf(boundary)) boundary--`,
    replace: `while (boundary > end && groupOf(boundary - 1) === groupOf(boundary)) boundary--`,
    caughtBy: { file: engine, test: 'is not split between two batches' },
  },
  {
    name: 'push-skips-an-event',
    why: 'every second commit is never pushed',
    file: `${leader}/BackendBatch.ts`,
    find: `if (pending.at(middle)!.seq.global > acknowledgedGlobal) high = middle`,
    replace: `if (pending.at(middle)!.seq.global > acknowledgedGlobal + 1) high = middle`,
    caughtBy: { file: engine, test: 'offline: local work goes on' },
  },
  {
    name: 'resume-from-memory-of-the-transport',
    why: 'pages that were received and not stored are never asked for again',
    file: `${leader}/BackendLoops.ts`,
    find: `    after: { global: head, eventId: headEventId },
    cursor: cursorJson,
    isLive: true,
  })
  const untilTheEnd = Stream.runForEachArray(pages, (arrived) => {
    retry.attempt = 0`,
    replace: `    after: (retry as { place?: { global: number; eventId: string | null } }).place ?? { global: head, eventId: headEventId },
    cursor: cursorJson,
    isLive: true,
  })
  const untilTheEnd = Stream.runForEachArray(pages, (arrived) => {
    const newest = arrived.at(-1)?.events.at(-1)
    if (newest !== undefined) Object.assign(retry, { place: { global: newest.global, eventId: newest.id } })
    retry.attempt = 0`,
    caughtBy: { file: engine, test: 'a gap closes the stream' },
  },
  {
    name: 'page-of-another-log-taken',
    why: "after the server's database was replaced, two histories are mixed",
    file: `${leader}/BackendLoops.ts`,
    find: `if (received !== log.status.backendId) throw`,
    replace: `if (received === '') throw`,
    caughtBy: { file: engine, test: 'stops sync, and nothing of it is taken' },
  },
  {
    name: 'retry-gives-up',
    why: 'after a long flight sync does not start again until the app is restarted',
    file: `${leader}/BackendLoops.ts`,
    find: `    loops.pulledOnce.openUnsafe()
    if (Result.isFailure(result)) yield* handleFailure(loops, result.failure, 'pull')`,
    replace: `    loops.pulledOnce.openUnsafe()
    if (Result.isFailure(result) && retry.attempt >= 5) return
    if (Result.isFailure(result)) yield* handleFailure(loops, result.failure, 'pull')`,
    caughtBy: { file: engine, test: 'a pull that fails is tried again for ever' },
  },
  {
    name: 'retry-does-not-back-off',
    why: 'clients hammer a server that is coming up',
    file: `${leader}/BackendLoops.ts`,
    find: `    retry.attempt++\n`,
    replace: ``,
    caughtBy: { file: engine, test: 'each back-off is longer than the one before' },
  },
  {
    name: 'missing-tail-not-pulled',
    why: 'without event streams a client that is behind never gets its events through',
    file: `${leader}/BackendLoops.ts`,
    find: `return missing.length === 0 || leader.log.status.head < answer.head.global`,
    replace: `return missing.length < 0`,
    caughtBy: { file: engine, test: 'without the missing tail, and with a live stream that is silent' },
  },
  {
    name: 'changed-history-retried',
    why: 'sync fails in silence for ever instead of asking the app what to do',
    file: `${leader}/BackendLoops.ts`,
    find: `error instanceof HistoryChanged ||\n`,
    replace: ``,
    caughtBy: { file: engine, test: 'stops syncing, tells the app, keeps everything' },
  },
  {
    name: 'push-goes-on-while-stopped',
    why: 'work of a device whose history is gone is mixed into the restored log before the app has decided',
    file: `${leader}/BackendLoops.ts`,
    find: `    yield* loops.running.await\n    const next =`,
    replace: `    const next =`,
    caughtBy: { file: engine, test: 'the same event stands at the same place behind others' },
  },
  {
    name: '5xx-taken-for-final',
    why: 'one restart of the server stops sync of every client until the app is reloaded',
    file: 'packages/backend-http/src/HttpFailure.ts',
    find: `if (status >= 500) return new Unavailable`,
    replace: `if (status > 599) return new Unavailable`,
    caughtBy: { file: 'packages/backend-http/test/HttpFailure.test.ts' },
  },
  {
    name: 'silent-stream-not-noticed',
    why: 'behind a half-open connection nothing arrives any more, and the status says online',
    file: 'packages/backend-http/src/EventStream.ts',
    find: `if (leftMs <= 0) break`,
    replace: `if (leftMs <= 0) return`,
    caughtBy: {
      file: 'packages/backend-http/test/HttpBackend.test.ts',
      test: 'a stream with two missed heartbeats is TimedOut',
    },
  },
  {
    name: 'characters-cut-between-reads',
    why: 'accents and emoji of other people arrive as "\\uFFFD" now and then, for good',
    file: 'packages/backend-http/src/EventStream.ts',
    find: `open.decoder.decode(chunk, { stream: true })`,
    replace: `open.decoder.decode(chunk)`,
    caughtBy: {
      file: 'packages/backend-http/test/HttpBackend.test.ts',
      test: 'a character that is cut between two reads',
    },
  },
]
