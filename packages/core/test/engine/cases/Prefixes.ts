/** ARCHITECTURE, "Effects hold on exactly one prefix": the leader's state never takes row changes of another one. */
import { rmSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { openBetterSqlite } from '../../../../adapter-node/src/BetterSqliteConnection.ts'
import { type MemoryBackend, memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import type { SessionMessage } from '../../../src/channel/LeaderMessage.ts'
import { defineEvent, defineSchema, Schema, type Store } from '../../../src/index.ts'
import { engineCase } from '../Case.ts'
import type { Client } from '../Client.ts'
import {
  drafts,
  events,
  materializers,
  shown,
  todoCreated,
  todoMustExist,
  todoRenamed,
  todos,
  untilLogged,
  untilShown,
  untilSynced,
} from '../Todos.ts'

/** What it writes depends on what it reads: row changes of another prefix fit, and are wrong. */
const todoCopied = defineEvent('todoCopied', Schema.Struct({ from: Schema.String, to: Schema.String }))
const schema = defineSchema({
  version: 1,
  tables: { todos, drafts },
  events: { ...events, todoCopied },
  materializers: {
    ...materializers,
    todoCopied: ({ from, to }, { query }) =>
      todos.insert({ id: to, text: query(todos.where({ id: from }).first())?.text ?? 'nothing' }),
  },
})

const refuseSpam = ({ argsJson }: { readonly argsJson: string }) => (argsJson.includes('spam') ? 'spam' : undefined)

/** An event of another client that the backend has and nobody is told of before `release`. */
const pushedUnseen = async (backend: MemoryBackend, other: Store, id: string, text: string) => {
  const page = backend.hold('page')
  const head = backend.log('demo').length + 1
  other.commit(todoCreated({ id, text }))
  await untilLogged(backend, head)
  return page
}

/** Resolves when the session sends such a message, which is on its way until what it resolves to is called. */
const untilSends = (device: Client, store: Store, isIt: (message: SessionMessage) => boolean): Promise<() => void> => {
  const link = device.link(store)
  return new Promise((resolve) => {
    link.loses = (message) => {
      if (!isIt(message as SessionMessage)) return false
      link.loses = () => false
      resolve(() => link.send(message as SessionMessage))
      return true
    }
  })
}

const untilCommitted = (device: Client): Promise<void> =>
  new Promise((resolve) => {
    device.onCommitted = (name) => {
      if (name === 'eventlog') resolve()
    }
  })

const quarantinedInState = ({ files }: Client): number => {
  const connection = openBetterSqlite({ path: files.state, readonly: true })
  const rows = connection.prepare('SELECT eventId FROM __headwater_quarantine').all().length
  connection.close()
  return rows
}

const stateIsAt = (device: Client, store: Store, global: number): Promise<unknown> =>
  store.until(() =>
    device.link(store).received.some((message) => 'facts' in message && message.facts.stateHead.global === global),
  )

describe("the leader's state", () => {
  engineCase('does not take what a session made before it heard of another push', async ({ client }) => {
    const device = client()
    const [a, b] = [await device.open({ schema }), await device.open({ schema })]
    await a.commit(todoCreated({ id: '1', text: 'old' })).persisted
    await untilShown(b, '1:old')
    // In one task: the copy is made of the old text, and stands behind the new one.
    a.commit(todoRenamed({ id: '1', text: 'new' }))
    await b.commit(todoCopied({ from: '1', to: '2' })).persisted
    expect(shown(await device.open({ schema }))).toBe('1:new 2:new')
    await untilShown(a, '1:new 2:new')
    await untilShown(b, '1:new 2:new')
  })

  engineCase('does not take what a session made in another epoch, at the same position', async ({ client }) => {
    const backend = memoryBackend({ isMissingSent: true })
    backend.setValidator(refuseSpam)
    const device = client({ backend })
    const [host, late] = [await device.open({ schema }), await device.open({ schema })]
    const other = await client({ backend }).open({ schema })
    await untilSynced(late, 0)
    const gate = backend.hold('push')
    await late.commit(todoCreated({ id: '1', text: 'spam' })).persisted
    await untilShown(host, '1:spam')
    device.link(late).freeze()
    gate.release()
    await untilShown(host, '')
    await other.commit(todoCreated({ id: '1', text: 'theirs' })).confirmed
    await stateIsAt(device, host, 1)
    await untilShown(host, '1:theirs')
    // It has not heard of any of that: for it the copy stands at e2 as well.
    late.commit(todoCopied({ from: '1', to: '2' }))
    await host.until(({ session }) => session.localHead.global === 2)
    expect(shown(await device.open({ schema }))).toBe('1:theirs 2:theirs')
    device.link(late).thaw()
    await untilShown(late, '1:theirs 2:theirs')
    await untilShown(host, '1:theirs 2:theirs')
  })

  engineCase("does not take a host's report of a log that was rolled back meanwhile", async ({ client }) => {
    const backend = memoryBackend({ isMissingSent: true })
    backend.setValidator(refuseSpam)
    const device = client({ backend })
    const [a, b] = [await device.open(), await device.open()]
    const other = await client({ backend }).open()
    await a.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    for (const store of [a, b, other]) await untilSynced(store, 1)
    const refusal = backend.hold('push')
    await a.commit(todoCreated({ id: 's', text: 'spam' })).persisted
    await untilShown(b, '1:a s:spam')
    device.link(b).freeze()
    refusal.release()
    await untilShown(a, '1:a')
    const page = await pushedUnseen(backend, other, '3', 'theirs')
    const push = backend.hold('push')
    // Numbered behind what was refused: the leader has to ask its host what it does.
    const reported = untilSends(device, a, (message) => message._tag === 'ack' && message.effects !== null)
    // It changes nothing: row changes that come twice would be noticed.
    b.commit(todoRenamed({ id: 'nobody', text: '' }))
    const arrive = await reported
    const rolledBack = untilCommitted(device)
    push.release()
    await rolledBack
    arrive()
    page.release()
    device.link(b).thaw()
    await untilSynced(a, 3)
    await untilSynced(b, 3)
    const fresh = await device.open()
    expect([shown(fresh), fresh.quarantined.list()]).toEqual(['1:a 3:theirs', []])
  })

  engineCase("does not become a host's image of a log that was rolled back meanwhile", async ({ client }) => {
    const backend = memoryBackend({ isMissingSent: true })
    const device = client({ backend })
    const store = await device.open()
    const other = await client({ backend }).open()
    for (const id of ['1', '2']) await store.commit(todoCreated({ id, text: 'a' })).confirmed
    await stateIsAt(device, store, 2)
    for (const each of [store, other]) await untilSynced(each, 2)
    const page = await pushedUnseen(backend, other, '4', 'theirs')
    const push = backend.hold('push')
    // It changes nothing: row changes that come twice would be noticed.
    await store.commit(todoRenamed({ id: 'nobody', text: '' })).persisted
    await device.kill()
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${device.files.state}${suffix}`, { force: true })
    device.startLeader()
    const arrive = await untilSends(device, store, ({ _tag }) => _tag === 'image')
    page.release()
    // A newer image has come before it.
    await stateIsAt(device, store, 4)
    arrive()
    await store.rejected.list()
    push.release()
    await untilSynced(store, 4)
    const fresh = await device.open()
    expect([shown(fresh), fresh.quarantined.list()]).toEqual(['1:a 2:a 4:theirs', []])
  })

  engineCase('is rolled back by what it has kept, newest first, and is not made anew for it', async ({ client }) => {
    const backend = memoryBackend({ isMissingSent: true })
    const device = client({ backend })
    const store = await device.open()
    const other = await client({ backend }).open()
    await store.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    await untilSynced(other, 1)
    const page = await pushedUnseen(backend, other, '2', 'theirs')
    const push = backend.hold('push')
    await store.commit(todoCreated({ id: '3', text: 'b' })).persisted
    await store.commit(todoRenamed({ id: '3', text: 'c' })).persisted
    await stateIsAt(device, store, 3)
    const link = device.link(store)
    link.received.length = 0
    push.release()
    page.release()
    await untilSynced(store, 4)
    await stateIsAt(device, store, 4)
    const asked = link.received.flatMap((message) =>
      message._tag === 'feed' && message.effectsWantedAfter !== null ? [message.effectsWantedAfter.global] : [],
    )
    expect(asked.length).toBeGreaterThan(0)
    expect(Math.min(...asked)).toBeGreaterThan(0)
    expect(shown(store)).toBe('1:a 2:theirs 3:c')
  })

  engineCase('forgets with a rollback that an event was skipped', async ({ client }) => {
    const backend = memoryBackend({ isMissingSent: true })
    backend.setValidator(refuseSpam)
    const device = client({ backend })
    const store = await device.open()
    const other = await client({ backend }).open()
    await untilSynced(other, 0)
    const page = await pushedUnseen(backend, other, '1', 'theirs')
    const refusal = backend.hold('push')
    store.commit(todoCreated({ id: '1', text: 'spam' }))
    const receipt = store.commit(todoMustExist({ id: '1' }))
    await receipt.persisted
    refusal.release()
    const push = backend.hold('push')
    await store.until(() => quarantinedInState(device) === 1)
    // Behind the other client's todo it works.
    push.release()
    page.release()
    expect((await receipt.confirmed).effect).toBe('applied')
    await stateIsAt(device, store, 2)
    expect([shown(store), store.quarantined.list(), quarantinedInState(device)]).toEqual(['1:theirs*', [], 0])
    expect((await (await device.open()).receipt(receipt.eventIds[0]!).confirmed).effect).toBe('applied')
  })
})
