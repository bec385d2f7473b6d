import * as Effect from 'effect/Effect'
import * as Latch from 'effect/Latch'
import * as Stream from 'effect/Stream'
import { expect, test } from 'vitest'
import type { PullPage } from '../../src/backend/SyncBackend.ts'
import { HostedBackend } from '../../src/leader/HostedBackend.ts'

const pageOf = (global: number): PullPage => ({
  backendId: 'log',
  events: [],
  cursor: null,
  head: { global, eventId: `e${global}` },
  isCaughtUp: true,
})

/** A backend whose host answers before anybody takes what it has sent: the `count` pages of a pull, one by one. */
const hostedPages = (count: number) => {
  let sent = 0
  const hosted = new HostedBackend(() => ({
    send: ({ call, run }) => {
      if (run !== 'pull' && run !== 'next') return
      queueMicrotask(() => {
        if (sent < count) hosted.receive({ _tag: 'backend-result', call, is: 'page', page: pageOf(++sent) })
        else hosted.receive({ _tag: 'backend-result', call, is: 'end' })
      })
    },
  }))
  const request = { backendId: null, after: { global: 0, eventId: null }, cursor: null, isLive: true }
  return { pages: hosted.backend.pull(request), sent: () => sent }
}

test('a slow leader lets a few pages wait, asks for no more, and has all of them in the end', async () => {
  const { pages, sent } = hostedPages(40)
  const taken: Array<ReadonlyArray<number>> = []
  const mayGoOn = Latch.makeUnsafe(false)
  const taking = Effect.runPromise(
    Stream.runForEachArray(pages, (arrived) => {
      taken.push(arrived.map(({ head }) => head.global))
      return mayGoOn.await
    }),
  )
  await new Promise((resolve) => setTimeout(resolve, 20))
  const [first = []] = taken
  expect(taken).toHaveLength(1)
  expect(sent() - first.length).toBeLessThanOrEqual(8)
  mayGoOn.openUnsafe()
  await taking
  expect(taken.flat()).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
  expect(Math.max(...taken.map(({ length }) => length))).toBeLessThanOrEqual(8)
})
