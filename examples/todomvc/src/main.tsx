import { StoreProvider } from '@headwater/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import { FailureBoundary } from './FailureBoundary.tsx'
import { openTodos } from './openTodos.ts'
import './todos.css'

createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <FailureBoundary>
      <StoreProvider store={openTodos} fallback={<p className="opening">Opening …</p>}>
        <App />
      </StoreProvider>
    </FailureBoundary>
  </StrictMode>,
)
