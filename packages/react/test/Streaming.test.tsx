import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { StoreProvider, useQuery } from '@headwater/react'
import type { ReactNode } from 'react'
import { renderToPipeableStream } from 'react-dom/server'
import { expect, test } from 'vitest'
import { openStore, todoCreated, todos } from './Todos.ts'

const Count = (): ReactNode => <b>{useQuery(todos.count())}</b>

const streamed = (node: ReactNode, problems: Array<unknown>): Promise<string> =>
  new Promise((resolve) => {
    const stream = renderToPipeableStream(node, {
      onAllReady: () => resolve(text(stream.pipe(new PassThrough()))),
      onError: (error) => void problems.push(error),
    })
  })

test('a streaming server waits for a promise; a function it does not call, and does not wait for', async () => {
  const store = await openStore()
  store.commit(todoCreated({ id: '1', text: 'a' }))
  const problems: Array<unknown> = []
  const waited = await streamed(
    <StoreProvider store={Promise.resolve(store)} fallback="opening">
      <Count />
    </StoreProvider>,
    problems,
  )
  expect(waited).toContain('<b>1</b>')
  expect(problems).toEqual([])
  let calls = 0
  const html = await streamed(
    <StoreProvider
      store={() => {
        calls++
        return openStore()
      }}
      fallback="opening"
    >
      <Count />
    </StoreProvider>,
    problems,
  )
  expect(html).toContain('opening')
  expect(calls).toBe(0)
  expect(problems).toEqual([expect.objectContaining({ _tag: 'NotOnServer' })])
  await store.close()
})
