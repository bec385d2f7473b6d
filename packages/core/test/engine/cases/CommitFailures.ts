/** Spec section 7, row 1: whatever fails in a commit, nothing of it remains. */
import { describe, expect } from 'vitest'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import {
  CommitInsideMaterializer,
  defineEvent,
  defineSchema,
  MaterializerFailed,
  Schema,
  sql,
  type Store,
} from '../../../src/index.ts'
import { SqliteError } from '../../../src/sqlite/SqliteError.ts'
import { engineCase } from '../Case.ts'
import {
  events,
  materializers,
  schema,
  shown,
  todoCreated,
  todoMustExist,
  todos,
  drafts,
  untilSynced,
} from '../Todos.ts'

/** Commits two events of which the second fails; then one that must be the first of the log. */
const mustLeaveNothing = async (store: Store, commit: () => unknown, error: string): Promise<void> => {
  const before = JSON.stringify(store.status.session)
  expect(commit).toThrow(error)
  expect(JSON.stringify(store.status.session)).toBe(before)
  expect(shown(store)).toBe('')
  const { position } = await store.commit(todoCreated({ id: '9', text: 'z' })).confirmed
  expect([position.global, shown(store)]).toEqual([1, '9:z'])
}

describe('a commit that fails', () => {
  engineCase('args that fail the schema throw, and nothing of the commit remains', async ({ client }) => {
    const store = await client({ backend: memoryBackend() }).open()
    await mustLeaveNothing(
      store,
      () => store.commit(todoCreated({ id: '1', text: 'a' }), todoCreated({ id: 2 } as never)),
      'todoCreated',
    )
  })

  engineCase('a materializer that throws makes the commit throw, and nothing of it remains', async ({ client }) => {
    const store = await client({ backend: memoryBackend() }).open()
    await mustLeaveNothing(
      store,
      () => store.commit(todoCreated({ id: '1', text: 'a' }), todoMustExist({ id: '2' })),
      'no todo 2',
    )
    expect(() => store.commit(todoMustExist({ id: '2' }))).toThrow(MaterializerFailed)
  })

  engineCase('an SQL constraint makes the commit throw, and nothing of it remains', async ({ client }) => {
    const store = await client({ backend: memoryBackend() }).open()
    const twice = todoCreated({ id: '1', text: 'a' })
    await mustLeaveNothing(store, () => store.commit(twice, twice), 'UNIQUE')
  })

  engineCase('an unknown table makes the commit throw, and nothing of it remains', async ({ client }) => {
    const lost = defineEvent('lost', Schema.Struct({}))
    const withLost = defineSchema({
      version: 1,
      tables: { todos, drafts },
      events: { ...events, lost },
      materializers: { ...materializers, lost: () => sql`INSERT INTO nowhere VALUES (1)` },
    })
    const store = await client({ backend: memoryBackend() }).open({ schema: withLost })
    await mustLeaveNothing(store, () => store.commit(todoCreated({ id: '1', text: 'a' }), lost()), 'nowhere')
  })

  engineCase('a commit inside a materializer throws, and nothing of either remains', async ({ client }) => {
    const inner: { call: () => void } = { call: () => undefined }
    const nested = defineEvent('nested', Schema.Struct({}))
    const withNested = defineSchema({
      version: 1,
      tables: { todos, drafts },
      events: { ...events, nested },
      materializers: {
        ...materializers,
        nested: () => {
          inner.call()
          return []
        },
      },
    })
    const store = await client({ backend: memoryBackend() }).open({ schema: withNested })
    let thrown: unknown
    inner.call = () => {
      try {
        store.commit(todoCreated({ id: '1', text: 'a' }))
      } catch (error) {
        thrown = error
        throw error
      }
    }
    await mustLeaveNothing(store, () => store.commit(nested()), 'inside a materializer')
    expect(thrown).toBeInstanceOf(CommitInsideMaterializer)
  })

  engineCase(
    'a commit inside a subscription runs at once, and its refresh is queued behind the running one',
    async ({ client }) => {
      const store = await client().open()
      const seen: Array<string> = []
      store.subscribe(todos.orderBy('id'), (rows) => {
        seen.push(`first ${rows.length}`)
        if (rows.length !== 1) return
        store.commit(todoCreated({ id: '2', text: 'b' }))
        seen.push(`committed, sees ${shown(store)}`)
      })
      store.subscribe(todos.orderBy('id'), (rows) => {
        seen.push(`second ${rows.length}`)
      })
      store.commit(todoCreated({ id: '1', text: 'a' }))
      // The second subscriber hears of both at its turn, and of no state twice.
      expect(seen.slice(0, 4)).toEqual(['first 0', 'second 0', 'first 1', 'committed, sees 1:a 2:b'])
      expect(seen.slice(4).toSorted()).toEqual(['first 2', 'second 2'])
    },
  )

  engineCase('an event of another schema makes the commit throw', async ({ client }) => {
    const store = await client({ backend: memoryBackend() }).open()
    const stranger = defineEvent('todoCreated', Schema.Struct({ id: Schema.String, text: Schema.String }))
    await mustLeaveNothing(
      store,
      () => store.commit(todoCreated({ id: '1', text: 'a' }), stranger({ id: '2', text: 'b' })),
      'schema',
    )
    expect(schema.version).toBe(1)
    await untilSynced(store, 1)
  })

  engineCase('a failing machine makes the commit throw as what it is, and nothing remains', async ({ client }) => {
    const machine: { fails: boolean } = { fails: true }
    const full = new SqliteError({ reason: 'Full', operation: 'run', code: 'SQLITE_FULL', detail: 'the disk is full' })
    const stored = defineEvent('stored', Schema.Struct({}))
    const withStored = defineSchema({
      version: 1,
      tables: { todos, drafts },
      events: { ...events, stored },
      materializers: {
        ...materializers,
        stored: () => {
          if (machine.fails) throw full
          return []
        },
      },
    })
    const store = await client({ backend: memoryBackend() }).open({ schema: withStored })
    await mustLeaveNothing(store, () => store.commit(todoCreated({ id: '1', text: 'a' }), stored()), 'the disk is full')
    expect(store.quarantined.list()).toEqual([])
    machine.fails = false
    await store.commit(stored()).confirmed
  })
})
