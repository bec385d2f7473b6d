/** Spec section 7, rows 2 and 3: events that are facts already, whatever their materializers make of them. */
import { describe, expect } from 'vitest'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { Unavailable } from '../../../src/backend.ts'
import { defineEvent, defineSchema, Schema, type UnknownEventPolicy } from '../../../src/index.ts'
import { SqliteError } from '../../../src/sqlite/SqliteError.ts'
import { engineCase } from '../Case.ts'
import { drafts, events, materializers, shown, todoCreated, todos, untilShown, untilSynced } from '../Todos.ts'

const counted = defineEvent('counted', Schema.Struct({ id: Schema.String }))
const newer = (materialize: (id: string) => void = () => undefined, version = 2) =>
  defineSchema({
    version,
    tables: { todos, drafts },
    events: { ...events, counted },
    materializers: {
      ...materializers,
      counted: ({ id }) => {
        materialize(id)
        return todos.insert({ id, text: 'counted' })
      },
    },
  })
const older = (onUnknownEvent: UnknownEventPolicy) =>
  defineSchema({ version: 1, tables: { todos, drafts }, events, materializers, onUnknownEvent })

describe('a pulled or replayed event whose materializer fails', () => {
  engineCase('is skipped and quarantined with its error, and everything behind it applies', async ({ client }) => {
    const backend = memoryBackend()
    const author = await client({ backend }).open({ schema: newer() })
    // Fine for the author, whose materializer does not mind; not for a reader whose materializer throws.
    const reader = await client({ backend }).open({
      schema: newer((id) => {
        throw new Error(`cannot count ${id}`)
      }),
    })
    author.commit(todoCreated({ id: '1', text: 'a' }))
    author.commit(counted({ id: '2' }))
    author.commit(todoCreated({ id: '3', text: 'c' }))
    await untilSynced(reader, 3)
    expect(shown(reader)).toBe('1:a 3:c')
    expect(reader.quarantined.list()).toMatchObject([{ position: { global: 2 }, error: 'cannot count 2' }])
    expect(shown(author)).toBe('1:a 2:counted 3:c')
  })

  engineCase(
    'a replayed local event that now fails stays pending, is pushed, settles as skipped, and its receipt says so',
    async ({ client }) => {
      const backend = memoryBackend()
      const [a, b] = [await client({ backend }).open(), await client({ backend }).open()]
      const gate = backend.hold('push')
      const receipt = a.commit(todoCreated({ id: '1', text: 'mine' }))
      const later = a.commit(todoCreated({ id: '2', text: 'later' }))
      await receipt.persisted
      // The other client's push arrives first: its row takes the id.
      const foreign = b.commit(todoCreated({ id: '1', text: 'theirs' }))
      await foreign.persisted
      gate.release()
      const outcomes = await Promise.all([receipt.confirmed, foreign.confirmed])
      expect(outcomes.map(({ effect }) => effect).toSorted()).toEqual(['applied', 'skipped'])
      expect((await later.confirmed).effect).toBe('applied')
      await untilSynced(a, 3)
      await untilSynced(b, 3)
      expect(shown(a)).toBe(shown(b))
      expect(backend.log('demo')).toHaveLength(3)
      expect(a.quarantined.list()).toHaveLength(1)
      expect(a.quarantined.list()[0]?.error).toContain('UNIQUE')
    },
  )

  engineCase('the app is told at once that its replayed local event is skipped now', async ({ client }) => {
    const backend = memoryBackend()
    const [a, b] = [await client({ backend }).open(), await client({ backend }).open()]
    const gate = backend.hold('push')
    const mine = a.commit(todoCreated({ id: '1', text: 'mine' }))
    await mine.persisted
    const told = new Promise<string>((resolve) =>
      a.onNotice((notice) => {
        if (notice._tag === 'quarantined') resolve(notice.eventId)
      }),
    )
    backend.failNext('push', new Unavailable({ detail: 'test' }))
    b.commit(todoCreated({ id: '1', text: 'theirs' }))
    gate.release()
    expect(await told).toBe(mine.eventIds[0])
  })

  engineCase('an environment error never quarantines: the batch is undone and tried again', async ({ client }) => {
    const backend = memoryBackend()
    const author = await client({ backend }).open({ schema: newer() })
    let failures = 3
    const full = new SqliteError({ reason: 'Full', operation: 'run', code: 'SQLITE_FULL', detail: 'the disk is full' })
    const reader = await client({ backend }).open({
      schema: newer(() => {
        if (failures-- > 0) throw full
      }),
    })
    author.commit(todoCreated({ id: '1', text: 'a' }))
    author.commit(counted({ id: '2' }))
    await untilShown(reader, '1:a 2:counted')
    expect(reader.quarantined.list()).toEqual([])
  })

  engineCase('a quarantined event can be tried again under a new id, or be dismissed', async ({ client }) => {
    const backend = memoryBackend()
    const author = await client({ backend }).open({ schema: newer() })
    let isBroken = true
    const reader = await client({ backend }).open({
      schema: newer(() => {
        if (isBroken) throw new Error('broken')
      }),
    })
    const { eventIds } = author.commit(counted({ id: '2' }))
    await untilSynced(reader, 1)
    isBroken = false
    const receipt = await reader.quarantined.retry(eventIds[0]!)
    expect(receipt.eventIds).not.toEqual(eventIds)
    expect((await receipt.confirmed).effect).toBe('applied')
    expect(shown(reader)).toBe('2:counted')
    reader.quarantined.dismiss(eventIds[0]!)
    expect(reader.quarantined.list()).toEqual([])
  })
})

describe('an event name that this version does not know', () => {
  engineCase("'warn' logs it, stores it and moves on", async ({ client }) => {
    const backend = memoryBackend()
    const author = await client({ backend }).open({ schema: newer() })
    const other = client({ backend })
    const reader = await other.open({ schema: older('warn') })
    author.commit(counted({ id: 'secret' }))
    author.commit(todoCreated({ id: '2', text: 'b' }))
    await untilSynced(reader, 2)
    expect(shown(reader)).toBe('2:b')
    expect(other.logged.filter(({ message }) => message.includes('counted'))).toHaveLength(1)
    expect(JSON.stringify(other.logged)).not.toContain('secret')
    expect(reader.quarantined.list()).toEqual([])
  })

  engineCase("'ignore' says nothing", async ({ client }) => {
    const backend = memoryBackend()
    const author = await client({ backend }).open({ schema: newer() })
    const other = client({ backend })
    const reader = await other.open({ schema: older('ignore') })
    author.commit(counted({ id: '1' }))
    await untilSynced(reader, 1)
    expect(other.logged).toEqual([])
  })

  engineCase('a callback is called with it, once', async ({ client }) => {
    const backend = memoryBackend()
    const author = await client({ backend }).open({ schema: newer() })
    const called: Array<string> = []
    const reader = await client({ backend }).open({
      schema: older(({ name, argsJson }) => {
        called.push(`${name} ${argsJson}`)
      }),
    })
    author.commit(counted({ id: '1' }))
    author.commit(todoCreated({ id: '2', text: 'b' }))
    await untilSynced(reader, 2)
    expect(called).toEqual(['counted {"id":"1"}'])
  })

  engineCase(
    "'fail' stops sync before it, says so, and lets local work go on; a version that knows it goes on from there",
    async ({ client }) => {
      const backend = memoryBackend()
      const author = await client({ backend }).open({ schema: newer() })
      author.commit(todoCreated({ id: '1', text: 'a' }))
      author.commit(counted({ id: '2' }))
      await untilSynced(author, 2)
      const other = client({ backend })
      const reader = await other.open({ schema: older('fail') })
      const { backend: status } = await reader.until(({ backend: { connection } }) => connection === 'stopped')
      expect(status.error?.tag).toBe('EventUnknown')
      expect(shown(reader)).toBe('1:a')
      await reader.commit(todoCreated({ id: '3', text: 'c' })).persisted
      expect(shown(reader)).toBe('1:a 3:c')
      const updated = await other.open({ schema: newer() })
      await untilSynced(updated, 3)
      expect(shown(updated)).toBe('1:a 2:counted 3:c')
    },
  )

  engineCase('is materialized once a later version knows it', async ({ client }) => {
    const backend = memoryBackend()
    const author = await client({ backend }).open({ schema: newer() })
    const other = client({ backend })
    const reader = await other.open({ schema: older('ignore') })
    author.commit(counted({ id: '1' }))
    author.commit(todoCreated({ id: '2', text: 'b' }))
    await untilSynced(reader, 2)
    await other.close(reader)
    await other.kill()
    const updated = await other.open({ schema: newer() })
    expect(shown(updated)).toBe('1:counted 2:b')
  })
})
