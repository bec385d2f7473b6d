/** The app of the engine's tests. Its text columns steer its materializers, so that one event can do anything. */
import type { MemoryBackend } from '../../../testkit/src/MemoryBackend.ts'
import { column, defineEvent, defineSchema, Schema, type Store, type StoreSchema, table } from '../../src/index.ts'

export const todos = table('todos', {
  id: column.text().primaryKey(),
  text: column.text(),
  done: column.boolean().default(false),
})
export const drafts = table('drafts', { id: column.text().primaryKey(), text: column.text() }, { clientOnly: true })

export const todoCreated = defineEvent('todoCreated', Schema.Struct({ id: Schema.String, text: Schema.String }))
export const todoDone = defineEvent('todoDone', Schema.Struct({ id: Schema.String }))
export const todoRenamed = defineEvent('todoRenamed', Schema.Struct({ id: Schema.String, text: Schema.String }))
/** Throws unless there is such a todo: what was fine when it was committed may fail after a rebase. */
export const todoMustExist = defineEvent('todoMustExist', Schema.Struct({ id: Schema.String }))
export const draftSaved = defineEvent('draftSaved', Schema.Struct({ id: Schema.String, text: Schema.String }), {
  clientOnly: true,
})

export const events = { todoCreated, todoDone, todoRenamed, todoMustExist, draftSaved }

export const materializers = {
  todoCreated: ({ id, text }: { readonly id: string; readonly text: string }) => todos.insert({ id, text }),
  todoDone: ({ id }: { readonly id: string }) => todos.update({ done: true }).where({ id }),
  todoRenamed: ({ id, text }: { readonly id: string; readonly text: string }) => todos.update({ text }).where({ id }),
  todoMustExist: (
    { id }: { readonly id: string },
    { query }: { readonly query: (q: ReturnType<typeof todos.first>) => unknown },
  ) => {
    if (query(todos.where({ id }).first()) === undefined) throw new Error(`no todo ${id}`)
    return todos.update({ done: true }).where({ id })
  },
  draftSaved: ({ id, text }: { readonly id: string; readonly text: string }) => drafts.upsert({ id, text }),
}

export const schema: StoreSchema = defineSchema({ version: 1, tables: { todos, drafts }, events, materializers })

/** `'1:a 2:b*'`: ids and texts in order, a star for what is done. */
export const shown = (store: Store): string =>
  store
    .query(todos.orderBy('id'))
    .map(({ id, text, done }) => `${id}:${text}${done ? '*' : ''}`)
    .join(' ')

export const draftsShown = (store: Store): string =>
  store
    .query(drafts.orderBy('id'))
    .map(({ id, text }) => `${id}:${text}`)
    .join(' ')

/** Resolves when the store shows these todos. */
export const untilShown = (store: Store, expected: string): Promise<void> =>
  new Promise((resolve) => {
    let unsubscribe = (): void => undefined
    const check = (): void => {
      if (shown(store) !== expected) return
      resolve()
      queueMicrotask(() => unsubscribe())
    }
    unsubscribe = store.subscribe(todos.orderBy('id'), check)
  })

/** Everything this client has is confirmed, and there is `head` of it. */
export const untilSynced = async (store: Store, head: number, signal?: AbortSignal): Promise<void> => {
  await store.until((status) => status.isSynced && status.session.localHead.global === head, signal)
}

/** The backend's log has `count` events, whether or not anybody was told. */
export const untilLogged = async (backend: MemoryBackend, count: number): Promise<void> => {
  while (backend.log('demo').length < count) await new Promise((resolve) => setImmediate(resolve))
}
