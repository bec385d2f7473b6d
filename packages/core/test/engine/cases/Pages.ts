/** Spec section 4, "Before the merge": pages that do not fit what the client has. */
import * as Effect from 'effect/Effect'
import * as Stream from 'effect/Stream'
import { describe, expect } from 'vitest'
import { openBetterSqlite } from '../../../../adapter-node/src/BetterSqliteConnection.ts'
import { type MemoryBackend, memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import type { PullPage, SyncBackendProvider } from '../../../src/backend.ts'
import { engineCase } from '../Case.ts'
import { shown, todoCreated, untilSynced } from '../Todos.ts'

/** The same backend, whose pages go through `change`, stream by stream. */
const withPages = (
  backend: MemoryBackend,
  change: (page: PullPage, stream: number) => ReadonlyArray<PullPage>,
): SyncBackendProvider => {
  let streams = 0
  return {
    name: backend.name,
    make: (context) =>
      Effect.map(backend.make(context), (inner) => ({
        ...inner,
        pull: (request) => {
          const stream = ++streams
          return Stream.flatMap(inner.pull(request), (page) => Stream.fromIterable(change(page, stream)))
        },
      })),
  }
}

const withFour = async (
  open: (backend: MemoryBackend) => Promise<{ readonly commit: (id: string) => Promise<unknown> }>,
) => {
  const backend = memoryBackend({ pageEvents: 2 })
  const author = await open(backend)
  for (const id of ['1', '2', '3', '4']) await author.commit(id)
  return backend
}

describe('a page that does not fit', () => {
  engineCase(
    'a gap closes the stream; it is opened again from the durable cursor and nothing is missing',
    async ({ client }) => {
      const backend = await withFour(async (given) => {
        const store = await client({ backend: given }).open()
        return { commit: (id) => store.commit(todoCreated({ id, text: 'x' })).confirmed }
      })
      let gaps = 0
      const lossy = withPages(backend, (page, stream) => {
        if (stream > 1 || page.events[0]?.global !== 3) return [page]
        gaps++
        return [{ ...page, events: page.events.slice(1) }]
      })
      const store = await client({ backend: lossy }).open()
      await untilSynced(store, 4)
      expect([gaps, shown(store)]).toEqual([1, '1:x 2:x 3:x 4:x'])
    },
  )

  engineCase('a page delivered twice changes nothing', async ({ client }) => {
    const backend = await withFour(async (given) => {
      const store = await client({ backend: given }).open()
      return { commit: (id) => store.commit(todoCreated({ id, text: 'x' })).confirmed }
    })
    const store = await client({ backend: withPages(backend, (page) => [page, page]) }).open()
    await untilSynced(store, 4)
    expect([store.status.backend.error, shown(store)]).toEqual([null, '1:x 2:x 3:x 4:x'])
  })

  engineCase('a page that others have outrun does not take the cursor back', async ({ client }) => {
    const backend = await withFour(async (given) => {
      const store = await client({ backend: given }).open()
      return { commit: (id) => store.commit(todoCreated({ id, text: 'x' })).confirmed }
    })
    const cursorOf = (page: PullPage) => `up to ${page.events.at(-1)?.global ?? 'the end'}`
    let first: PullPage | undefined
    const late = withPages(backend, (page) => {
      const named = { ...page, cursor: cursorOf(page) }
      first ??= named
      const outrun = { ...first, head: { global: 99, eventId: 'late' } }
      return page.events.at(-1)?.global === 4 ? [named, outrun] : [named]
    })
    const device = client({ backend: late })
    const store = await device.open()
    await store.until(({ backend: { head }, session }) => head === 99 && session.localHead.global === 4)
    const eventlog = openBetterSqlite({ path: device.files.eventlog, readonly: true })
    expect(eventlog.prepare('SELECT cursorJson FROM __headwater_sync_status').get()).toEqual(['up to 4'])
    eventlog.close()
  })

  const forgeries = {
    'with another event where the client has one': (page: PullPage) => ({
      ...page,
      events: [{ ...page.events[0]!, global: 4, id: 'forged' }, ...page.events],
    }),
    'whose first event has another parent': (page: PullPage) => ({
      ...page,
      events: page.events.map((event) => ({ ...event, parentId: 'forged' })),
    }),
    'of another log': (page: PullPage) => ({ ...page, backendId: 'forged' }),
  }
  for (const [name, forge] of Object.entries(forgeries)) {
    engineCase(`one ${name} stops sync, and nothing of it is taken`, async ({ client }) => {
      let commit: (id: string) => Promise<unknown> = () => Promise.resolve()
      const backend = await withFour(async (given) => {
        const store = await client({ backend: given }).open()
        return { commit: (commit = (id) => store.commit(todoCreated({ id, text: 'x' })).confirmed) }
      })
      const forged = withPages(backend, (page) => [page.events[0]?.global === 5 ? forge(page) : page])
      const store = await client({ backend: forged }).open()
      await untilSynced(store, 4)
      await commit('5')
      const { error } = (await store.until((status) => status.backend.error !== null)).backend
      expect(error?.tag).toBe(name === 'of another log' ? 'BackendReset' : 'HistoryChanged')
      expect(shown(store)).toBe('1:x 2:x 3:x 4:x')
    })
  }
})
