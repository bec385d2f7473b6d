/** A client of the demo's first two parts, in a process of its own, with gates in its ports. */
import { nodeAdapter } from '@headwater/adapter-node'
import { formatPosition, type LoggedEvent, Schema, sql, type Store } from '@headwater/core'
import { type Handlers, serve } from './ClientProcess.ts'
import { backendKind } from './DemoBackend.ts'
import { gatedAdapter, gatedBackend, makeGates } from './GatedPorts.ts'
import { makeNetwork } from './Network.ts'
import { inTime, openInTime, reach } from './Reach.ts'
import type { ObservedStep, OpenTasks, SessionView, TaskContract, TaskWrite } from './TaskContract.ts'
import { taskAdded, taskRenamed, tasks, taskSchema } from './TaskSchema.ts'

const gates = makeGates()
const network = makeNetwork()

const open = ({ storeId, directory, backend }: OpenTasks): Promise<Store> =>
  openInTime({
    schema: taskSchema,
    storeId,
    adapter: gatedAdapter(nodeAdapter({ directory }), gates),
    backend: gatedBackend(backendKind(backend.kind).connect(backend, network.fetch), gates),
  })

const toEvent = ({ event, id, title }: TaskWrite) =>
  event === 'taskAdded' ? taskAdded({ id, title }) : taskRenamed({ id, title })

const changesets = sql`SELECT seqNumGlobal AS global, seqNumClient AS client, eventId, length(changeset) AS bytes
  FROM __headwater_session_changeset ORDER BY seqNumGlobal, seqNumClient`.as(
  Schema.Struct({ global: Schema.Int, client: Schema.Int, eventId: Schema.String, bytes: Schema.Int }),
)

const look = (store: Store): SessionView => {
  const { localHead, upstreamHead, pending } = store.status.session
  return {
    sync: {
      // No client-only events here, so what is pending are the last ones, one by one.
      pending: Array.from({ length: pending }, (_, index) => `e${localHead.global - pending + 1 + index}`),
      upstreamHead: formatPosition({ ...upstreamHead, rebaseGeneration: 0 }),
      localHead: formatPosition({ ...localHead, rebaseGeneration: 0 }),
    },
    changesets: store
      .query(changesets)
      .map((row) => ({ position: formatPosition(row), eventId: row.eventId, bytes: row.bytes })),
    tasks: store.query(tasks.orderBy('id')),
  }
}

const textOf = ({ name, args }: LoggedEvent): string => `${name} ${JSON.stringify(args)}`

/** Follows the log from `after` on; `wake` is called with every step. */
const follow = async (store: Store, after: string, steps: Array<ObservedStep>, wake: () => void): Promise<void> => {
  for await (const step of store.events({ after, pending: true })) {
    steps.push(
      step._tag === 'rollback'
        ? { is: 'rollback', to: formatPosition(step.to) }
        : {
            is: 'append',
            position: formatPosition(step.event.position),
            eventId: step.event.id,
            text: textOf(step.event),
          },
    )
    wake()
  }
}

serve<TaskContract>((): Handlers<TaskContract> => {
  let opened: Store | undefined
  const steps: Array<ObservedStep> = []
  let onStep = (): void => undefined
  const store = (): Store => {
    if (opened === undefined) throw new Error('the store is not open')
    return opened
  }
  return {
    open: async (options) => {
      opened = await open(options)
      return { clientId: opened.clientId }
    },
    commit: async ({ writes, waitsFor }) => {
      const receipt = store().commit(...writes.map(toEvent))
      if (waitsFor !== 'nothing') await inTime<unknown>(store(), waitsFor, receipt[waitsFor])
      return { eventIds: receipt.eventIds }
    },
    setOnline: async (isOnline) => {
      network.setOnline(isOnline)
      if (isOnline) await store().retrySync()
      return null
    },
    hold: async (names) => {
      for (const name of names) gates[name].hold()
      return await Promise.resolve(null)
    },
    release: async (name) => {
      gates[name].release()
      return await Promise.resolve(null)
    },
    entered: async (name) => {
      await gates[name].entered()
      return null
    },
    look: () => Promise.resolve(look(store())),
    reach: async ({ what, global }) => {
      await reach(store(), `${what} e${global}`, (status) => status.session[what].global >= global)
      return null
    },
    watch: ({ after }) => {
      // It ends with the store.
      follow(store(), after, steps, () => onStep()).catch(() => undefined)
      return Promise.resolve(null)
    },
    steps: async ({ until }) => {
      while (!steps.some((step) => step.is === 'append' && step.position === until))
        await new Promise<void>((resolve) => (onStep = resolve))
      return steps
    },
    close: async () => {
      await store().close()
      return null
    },
  }
})
