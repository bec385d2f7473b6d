/** The laws of a backend. Each case gets a backend of its own, and a store with a name of its own. */
import { test } from 'node:test'
import { type BackendUnderTest, syncBackendSuite } from '@headwater/testkit'
import { makeBackend } from '../src/Backend.ts'

const makeUnderTest = async (): Promise<BackendUnderTest> => {
  // The suite commits events by this name that have to be refused with this reason.
  const provider = makeBackend({ validate: ({ name }) => (name === 'refused' ? 'refused' : undefined) })
  return {
    provider,
    restart: async () => provider.close(),
    close: async () => provider.close(),
  }
}

// What the suite can do to your backend. The more you name, the more it proves; cases that need another one are reported
// as skipped, with its name: 'offline', 'loseAnswer', 'replaceLog', 'restore', 'token', 'rateLimit', 'stall', 'silence',
// 'slowReader'. Each has a method in BackendUnderTest.
syncBackendSuite({ test, makeBackend: makeUnderTest, capabilities: ['restart', 'refuse'] })
