import { StoreProvider } from '@headwater/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import { FailureBoundary } from './FailureBoundary.tsx'
import { openStore } from './openStore.ts'
import './app.css'

createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <FailureBoundary>
      <StoreProvider store={openStore} fallback={<p>Opening …</p>}>
        <App />
      </StoreProvider>
    </FailureBoundary>
  </StrictMode>,
)
