import type { BackendEvent } from '@headwater/core/backend'
import type { HandlerOptions } from '@headwater/server'
import * as Effect from 'effect/Effect'
import { afterEach, expect, test, vi } from 'vitest'
import { type HandlerFixture, event, get, handlerFixture, push, root } from './Requests.ts'

vi.setConfig({ testTimeout: 60_000 })

type Storage = HandlerOptions['storage']

const open: Array<HandlerFixture> = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()))
})

/** A handler whose storage is watched. */
const watched = (watch: (plain: HandlerFixture) => Partial<Storage>): HandlerFixture => {
  const plain = handlerFixture()
  const handler = handlerFixture({ storage: { ...plain.storage, ...watch(plain) } })
  open.push(plain, handler)
  return { ...handler, storage: plain.storage }
}

/** The ids of an event stream's events, page by page. */
async function* pagesOf(stream: Response): AsyncGenerator<ReadonlyArray<string>> {
  let text = ''
  for await (const bytes of stream.body ?? []) {
    text += new TextDecoder().decode(bytes)
    for (const [whole, json = ''] of text.matchAll(/data: (.*)\n\n/g)) {
      text = text.replace(whole, '')
      yield (JSON.parse(json) as { readonly events: ReadonlyArray<BackendEvent> }).events.map(({ id }) => id)
    }
  }
}

test('a stream reads the log once for every append, and not again behind a page that ends where the log does', async () => {
  let reads = 0
  const handler = watched(({ storage }) => ({
    read: (request) => {
      reads += 1
      return storage.read(request)
    },
  }))
  const pages = pagesOf(await handler.handle(get('/v1/stores/s/pull?live=sse')))
  expect((await pages.next()).value).toEqual([])
  const events = [event(root)]
  await push(handler, events)
  expect((await pages.next()).value).toEqual([events[0]?.id])
  const before = reads
  for (let i = 1; i < 5; i++) {
    const next = event({ global: i, eventId: events[i - 1]!.id })
    events.push(next)
    await push(handler, [next])
    expect((await pages.next()).value).toEqual([next.id])
  }
  expect(reads - before).toBe(4)
  await pages.return(undefined)
})

test('what is appended between the first page and the moment from which news are heard is sent at once', async () => {
  const appended = event(root)
  let isAppended = false
  const handler = watched((plain) => ({
    read: (request) =>
      Effect.tap(plain.storage.read(request), () => {
        if (isAppended) return Effect.void
        isAppended = true
        return Effect.promise(() => push(plain, [appended]))
      }),
  }))
  const pages = pagesOf(await handler.handle(get('/v1/stores/s/pull?live=sse')))
  expect((await pages.next()).value).toEqual([])
  const startedMs = performance.now()
  expect((await pages.next()).value).toEqual([appended.id])
  // Heartbeats are 15 s apart: whoever waits for one has missed it.
  expect(performance.now() - startedMs).toBeLessThan(10_000)
  await pages.return(undefined)
})
