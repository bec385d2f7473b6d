/** Spec section 5, "Versions": sessions with different schemas on one client. */
import { describe, expect } from 'vitest'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { column, defineEvent, defineSchema, Schema, SchemaOutdated, table } from '../../../src/index.ts'
import { engineCase } from '../Case.ts'
import {
  drafts,
  events,
  materializers,
  schema as version1,
  shown,
  todoCreated,
  todos,
  untilShown,
  untilSynced,
} from '../Todos.ts'

const todos2 = table('todos', {
  id: column.text().primaryKey(),
  text: column.text(),
  done: column.boolean().default(false),
  length: column.integer(),
})
const archived = defineEvent('archived', Schema.Struct({ id: Schema.String }))
const version2 = defineSchema({
  version: 2,
  tables: { todos: todos2, drafts },
  events: { ...events, archived },
  materializers: {
    ...materializers,
    todoCreated: ({ id, text }) => todos2.insert({ id, text, length: text.length }),
    archived: ({ id }) => todos2.delete().where({ id }),
  },
})

describe('a newer schema', () => {
  engineCase('takes the lead: its session has the whole log in its own tables', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const old = await device.open({ schema: version1 })
    await old.commit(todoCreated({ id: '1', text: 'four' })).confirmed
    const fresh = await device.open({ schema: version2 })
    expect(fresh.query(todos2.all())).toEqual([{ id: '1', text: 'four', done: false, length: 4 }])
    await fresh.commit(archived({ id: '1' })).confirmed
    await untilSynced(fresh, 2)
  })

  engineCase(
    'an older session is told once, keeps working, and what it commits is pushed as events',
    async ({ client }) => {
      const backend = memoryBackend()
      const device = client({ backend })
      const old = await device.open({ schema: version1 })
      const told: Array<unknown> = []
      old.onNotice((notice) => {
        if (notice._tag === 'failure') told.push(notice.error)
      })
      const fresh = await device.open({ schema: version2 })
      const status = await old.until(({ outdatedBy }) => outdatedBy !== null)
      expect([status.leader.connection, status.outdatedBy]).toEqual(['outdated', 2])
      expect(told).toHaveLength(1)
      expect(told[0]).toBeInstanceOf(SchemaOutdated)
      const receipt = old.commit(todoCreated({ id: '1', text: 'from the old one' }))
      expect(shown(old)).toBe('1:from the old one')
      await receipt.persisted
      expect((await receipt.confirmed).effect).toBe('applied')
      await untilSynced(fresh, 1)
      expect(fresh.query(todos2.all())).toMatchObject([{ id: '1', length: 16 }])
      expect(backend.log('demo')).toHaveLength(1)
    },
  )

  engineCase('an outdated session closes once what it has committed is persisted', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const old = await device.open({ schema: version1 })
    old.commit(todoCreated({ id: '1', text: 'a' }))
    const fresh = await device.open({ schema: version2 })
    old.commit(todoCreated({ id: '2', text: 'b' }))
    await device.close(old)
    await untilSynced(fresh, 2)
    expect(fresh.query(todos2.count())).toBe(2)
  })

  engineCase('what an older session reports of effects once a newer one leads is not taken', async ({ client }) => {
    const schema = defineSchema({
      version: 2,
      tables: { todos, drafts },
      events: { ...events, archived },
      materializers: { ...materializers, archived: ({ id }) => todos.delete().where({ id }) },
    })
    const device = client()
    const author = await device.open({ schema })
    await author.commit(todoCreated({ id: '1', text: 'a' }), archived({ id: '1' })).persisted
    await device.close(author)
    await device.kill()
    // The older app, alone: the event that it does not know has no effect in its report.
    const old = await device.open({ schema: version1 })
    expect(shown(old)).toBe('1:a')
    const link = device.link(old)
    const reports = link.sent.filter((message) => message._tag === 'ack' && message.effects !== null)
    expect(reports.length).toBeGreaterThan(0)
    // They come late: the newer one leads, and its state is still empty.
    let isLate = false
    const onOpenDatabase = (): void => {
      if (!isLate) for (const report of reports) link.send(report)
      isLate = true
    }
    const fresh = await device.open({ schema, onOpenDatabase })
    expect([isLate, shown(fresh)]).toEqual([true, ''])
    expect(shown(await device.open({ schema }))).toBe('')
  })

  engineCase('an older session opens outdated beside a newer one', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const fresh = await device.open({ schema: version2 })
    await fresh.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    await expect(device.open({ schema: version1 })).rejects.toThrow(SchemaOutdated)
  })

  engineCase(
    'an older app may open the store alone, and what it does not know has no effect there',
    async ({ client }) => {
      const device = client({ backend: memoryBackend() })
      const fresh = await device.open({ schema: version2 })
      fresh.commit(todoCreated({ id: '1', text: 'a' }), todoCreated({ id: '2', text: 'b' }))
      await fresh.commit(archived({ id: '1' })).confirmed
      await device.close(fresh)
      await device.kill()
      const old = await device.open({ schema: version1 })
      expect(shown(old)).toBe('1:a 2:b')
      await old.commit(todoCreated({ id: '3', text: 'c' })).confirmed
      await device.close(old)
      await device.kill()
      const again = await device.open({ schema: version2 })
      expect(again.query(todos2.orderBy('id')).map(({ id }) => id)).toEqual(['2', '3'])
    },
  )

  engineCase('a changed schema of the same version takes over, as a reload in development does', async ({ client }) => {
    const device = client()
    const a = await device.open({ schema: version1 })
    await a.commit(todoCreated({ id: '1', text: 'four' })).persisted
    const changed = defineSchema({
      version: 1,
      tables: { todos: todos2, drafts },
      events: version1.events as typeof events,
      materializers: { ...materializers, todoCreated: ({ id, text }) => todos2.insert({ id, text, length: 9 }) },
    })
    const b = await device.open({ schema: changed })
    expect(b.query(todos2.all())).toMatchObject([{ id: '1', length: 9 }])
    await a.until(({ outdatedBy }) => outdatedBy !== null)
    await untilShown(a, '1:four')
  })
})
