// @vitest-environment happy-dom
import type { Receipt, Store, StoreNotice } from '@headwater/core'
import { createStore } from '@headwater/core'
import { memoryAdapter } from '@headwater/adapter-node'
import { StoreProvider, useReceipt, useStoreNotice, useSyncStatus } from '@headwater/react'
import { memoryBackend, type MemoryBackend } from '@headwater/testkit'
import { act, type ReactNode } from 'react'
import { expect, test } from 'vitest'
import { openPage, type Page } from './Page.tsx'
import { openStore, schema, todoCreated } from './Todos.ts'

const untilShown = async (page: Page, text: string): Promise<void> => {
  while (page.text() !== text) await act(() => new Promise((resolve) => setImmediate(resolve)))
}

const openSynced = (backend: MemoryBackend): Promise<Store> =>
  createStore({ schema, storeId: 'react', adapter: memoryAdapter(), backend, log: 'error' })

test('a selected part of the status renders only when it differs by value, with an inline function too', async () => {
  const store = await openSynced(memoryBackend())
  const heads: Array<number> = []
  const parts: Array<unknown> = []
  const Head = (): ReactNode => {
    const head = useSyncStatus(({ session }) => session.localHead.global)
    heads.push(head)
    return head
  }
  const Part = (): ReactNode => {
    const part = useSyncStatus(({ leader, outdatedBy }) => ({ connection: leader.connection, outdatedBy }))
    parts.push(part)
    return null
  }
  const Whole = (): ReactNode => String(useSyncStatus().isSynced)
  const page = await openPage(
    <StoreProvider store={store}>
      <Head /> <Part />
      <Whole />
    </StoreProvider>,
  )
  await untilShown(page, '0 true')
  await page.show(
    <StoreProvider store={store}>
      <Head /> <Part />
      <Whole />
    </StoreProvider>,
  )
  expect(parts, 'rendered again by its parent, with the same object').toHaveLength(2)
  expect(parts[1]).toBe(parts[0])
  for (const id of ['1', '2']) await act(async () => await store.commit(todoCreated({ id, text: 'a' })).confirmed)
  await untilShown(page, '2 true')
  expect(heads).toEqual([0, 0, 1, 2])
  expect(parts).toHaveLength(2)
  await page.leave()
  await store.close()
})

test('a receipt goes from pending to confirmed; one that is refused says why, and the notice is told', async () => {
  const backend = memoryBackend()
  backend.setValidator(({ argsJson }) => (argsJson.includes('bad') ? 'it is bad' : undefined))
  const store = await openSynced(backend)
  const notices: Array<StoreNotice> = []
  const states: Array<string> = []
  const Shown = ({ receipt }: { readonly receipt: Receipt | undefined }): ReactNode => {
    useStoreNotice((notice) => notices.push(notice))
    const receiptState = useReceipt(receipt)
    const detail =
      receiptState.state === 'rejected'
        ? ` ${receiptState.error.message.includes('it is bad')}`
        : receiptState.state === 'confirmed'
          ? ` e${receiptState.confirmation.position.global}`
          : ''
    states.push(receiptState.state)
    return receiptState.state + detail
  }
  const show = (receipt?: Receipt): ReactNode => (
    <StoreProvider store={store}>
      <Shown receipt={receipt} />
    </StoreProvider>
  )
  const page = await openPage(show())
  expect(page.text()).toBe('none')
  const good = store.commit(todoCreated({ id: '1', text: 'good' }))
  await page.show(show(good))
  await untilShown(page, 'confirmed e1')
  expect(states.filter((state, index) => state !== states[index - 1])).toEqual(
    expect.arrayContaining(['none', 'pending', 'confirmed']),
  )
  const bad = store.commit(todoCreated({ id: '2', text: 'bad' }))
  await page.show(show(bad))
  await untilShown(page, 'rejected true')
  expect(notices.map((notice) => notice._tag)).toContain('rejected')
  await page.show(show(good))
  expect(page.text(), 'known at once').toBe('confirmed e1')
  await page.leave()
  await store.close()
})

test('a store that is closed leaves a receipt as it was', async () => {
  const store = await openStore()
  const receipt = store.commit(todoCreated({ id: '1', text: 'a' }))
  const State = (): ReactNode => useReceipt(receipt).state
  const page = await openPage(
    <StoreProvider store={store}>
      <State />
    </StoreProvider>,
  )
  await untilShown(page, 'persisted')
  await act(() => store.close())
  expect(page.text()).toBe('persisted')
  await page.leave()
})
