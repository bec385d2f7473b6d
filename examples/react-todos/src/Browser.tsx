import type { Store } from '@headwater/core'
import { StoreProvider, type StoreSnapshot } from '@headwater/react'
import { hydrateRoot, type Root } from 'react-dom/client'
import { App } from './App.tsx'

export const hydratePage = (openStore: () => Promise<Store>): Root => {
  const snapshot = JSON.parse(document.querySelector('#snapshot')!.textContent!) as StoreSnapshot
  return hydrateRoot(
    document.querySelector('main')!,
    <StoreProvider store={openStore} snapshot={snapshot}>
      <App />
    </StoreProvider>,
  )
}
