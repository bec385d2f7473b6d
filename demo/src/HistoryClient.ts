/** One client of the demo's third part, in a process of its own: commits its share of the history from its own store. */
import { readFile } from 'node:fs/promises'
import { nodeAdapter } from '@headwater/adapter-node'
import { type EventInput, type Receipt, type Store } from '@headwater/core'
import type { Burst } from './BurstPlan.ts'
import { type Handlers, serve } from './ClientProcess.ts'
import { backendKind } from './DemoBackend.ts'
import type { ChangedFile, HistoryCommit } from './GitHistory.ts'
import type { HistoryContract, HistoryProgress, HistoryReport, OpenedHistory, OpenHistory } from './HistoryContract.ts'
import { committed, historySchema, historyTables } from './HistorySchema.ts'
import { makeNetwork } from './Network.ts'
import { inTime, openInTime, reach } from './Reach.ts'
import { digestOf } from './TableDigest.ts'

const { commits, files, authors } = historyTables

/** Text of one event's files, well below the 1 MiB that an event may have, so that a commit of any size fits. */
const partBytesMax = 256 * 1024

interface OpenClient {
  readonly store: Store
  /** What is left of the share: each commit with the part to go on with. */
  readonly left: Array<{ readonly commit: HistoryCommit; readonly fromPart: number }>
  progress: HistoryProgress
}

const network = makeNetwork()

const open = async ({
  storeId,
  directory,
  shareFile,
  backend,
}: OpenHistory): Promise<OpenClient & { readonly opened: OpenedHistory }> => {
  const share = JSON.parse(await readFile(shareFile, 'utf8')) as ReadonlyArray<HistoryCommit>
  const store = await openInTime({
    schema: historySchema,
    storeId,
    adapter: nodeAdapter({ directory }),
    backend: backendKind(backend.kind).connect(backend, network.fetch),
  })
  const partsBySha = new Map(store.query(commits.all().select('sha', 'parts')).map(({ sha, parts }) => [sha, parts]))
  const left: OpenClient['left'] = []
  for (const commit of share) {
    const fromPart = partsBySha.get(commit.sha) ?? 0
    if (fromPart < partsOf(commit.files).length) left.push({ commit, fromPart })
  }
  const found = share.length - left.length
  const { localHead, settledHead } = store.status.leader
  const unconfirmed = localHead.global - settledHead.global
  return {
    store,
    left,
    progress: { committed: found, persisted: found, isOnline: true },
    opened: { found, unconfirmed },
  }
}

/** At least one part, also of a merge, which has no files. */
const partsOf = (changed: ReadonlyArray<ChangedFile>): ReadonlyArray<ReadonlyArray<ChangedFile>> => {
  const parts: Array<Array<ChangedFile>> = [[]]
  let bytes = 0
  for (const file of changed) {
    // A character takes at most six bytes of JSON, the numbers of a file at most forty.
    const fileBytes = 6 * file[0].length + 40
    if (bytes + fileBytes > partBytesMax && bytes > 0) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(file)
    bytes += fileBytes
  }
  return parts
}

const eventsOf = ({ commit, fromPart }: OpenClient['left'][number]): ReadonlyArray<EventInput> => {
  const { sha, author, time } = commit
  return partsOf(commit.files)
    .map((part, index) => committed({ sha, author, time, part: index, files: part }))
    .slice(fromPart)
}

const runBurst = async (client: OpenClient, burst: Burst, tell: (progress: HistoryProgress) => void): Promise<void> => {
  const { store } = client
  await goOnline(store, burst.isOnline)
  let receipt: Receipt | undefined
  for (const size of burst.groups) {
    const group = client.left.splice(0, size)
    if (group.length === 0) break
    receipt = store.commit(...group.flatMap(eventsOf))
    client.progress = {
      ...client.progress,
      committed: client.progress.committed + group.length,
      isOnline: burst.isOnline,
    }
  }
  if (receipt === undefined) return
  tell(client.progress)
  await inTime(store, 'persisted', receipt.persisted)
  client.progress = { ...client.progress, persisted: client.progress.committed }
  tell(client.progress)
  if (burst.waitsFor === 'confirmed') await inTime(store, 'confirmed', receipt.confirmed)
}

let wasOnline = true

const goOnline = async (store: Store, isOnline: boolean): Promise<void> => {
  network.setOnline(isOnline)
  if (isOnline && !wasOnline) await inTime(store, 'told to try again', store.retrySync())
  wasOnline = isOnline
}

const run = async (
  client: OpenClient,
  bursts: ReadonlyArray<Burst>,
  tell: (progress: HistoryProgress) => void,
): Promise<HistoryProgress> => {
  for (const burst of bursts) await runBurst(client, burst, tell)
  await goOnline(client.store, true)
  await reach(client.store, 'confirmed', (status) => status.isSynced)
  return client.progress
}

const converge = async ({ store }: OpenClient, head: number): Promise<HistoryReport> => {
  const { leader } = await reach(
    store,
    `at e${head}`,
    (status) =>
      status.isSynced && status.session.upstreamHead.global >= head && status.session.settledHead.global >= head,
  )
  return {
    tables: {
      commits: digestOf(store.query(commits.orderBy('sha')).map((row) => Object.values(row))),
      files: digestOf(store.query(files.orderBy('path')).map((row) => Object.values(row))),
      authors: digestOf(store.query(authors.orderBy('name')).map((row) => Object.values(row))),
    },
    epoch: leader.epoch,
    term: leader.term,
    quarantined: store.quarantined.list().length,
    rejected: (await store.rejected.list()).length,
  }
}

serve<HistoryContract>((tell): Handlers<HistoryContract> => {
  let client: OpenClient | undefined
  const opened = (): OpenClient => {
    if (client === undefined) throw new Error('the store is not open')
    return client
  }
  return {
    open: async (options) => {
      const made = await open(options)
      client = made
      return made.opened
    },
    run: ({ bursts }) => run(opened(), bursts, tell),
    converge: ({ head }) => converge(opened(), head),
    close: async () => {
      await opened().store.close()
      return null
    },
  }
})
