import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// Nothing here is for Headwater: its worker and its WebAssembly are found by themselves.
export default defineConfig({
  plugins: [react()],
  test: { environment: 'happy-dom' },
})
