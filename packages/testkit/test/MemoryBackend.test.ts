import { memoryBackend, syncBackendSuite } from '@headwater/testkit'
import { describe, test, vi } from 'vitest'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 60_000 })

describe('memoryBackend', () => {
  syncBackendSuite({
    test,
    capabilities: ['restart', 'offline', 'loseAnswer', 'refuse', 'token', 'rateLimit', 'replaceLog', 'restore'],
    makeBackend: async () => {
      const backend = memoryBackend()
      backend.setValidator((event) => (event.name === 'refused' ? 'refused' : undefined))
      return {
        provider: backend,
        restart: async () => backend.restart(),
        setOnline: async (isOnline) => backend.setOnline(isOnline),
        loseNextAnswer: async () => backend.loseNextAnswer(),
        setAuthorized: async (isAuthorized) => backend.setAuthorized(isAuthorized),
        setRateLimit: async (retryAfterMs) => backend.setRateLimit(retryAfterMs),
        replaceLog: async (storeId) => backend.replaceLog(storeId),
        restore: async (storeId, global) => backend.restore(storeId, global),
        close: async () => undefined,
      }
    },
  })
})
