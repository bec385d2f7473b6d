import { runSyncBackendCase, syncBackendCases } from '@headwater/testkit'
import { afterAll, expect, test, vi } from 'vitest'
import { makeWrong, wrongBackends } from './WrongBackends.ts'

// Generous: other work may share the machine.
vi.setConfig({ testTimeout: 120_000 })

const able = ['restart', 'offline', 'loseAnswer', 'refuse', 'token', 'rateLimit', 'replaceLog', 'restore']
const cases = syncBackendCases.filter(({ needs }) => needs.every((need) => able.includes(need)))
let caught = 0

for (const [what, wrong] of Object.entries(wrongBackends)) {
  test(`a backend that ${what} is caught`, async () => {
    const catchers: Array<string> = []
    for (const each of cases) {
      const options = { makeBackend: async () => makeWrong(wrong), timeoutMs: 5_000 }
      const failure = await runSyncBackendCase(options, each).then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : JSON.stringify(error)),
      )
      if (failure !== null) catchers.push(`${each.name}: ${failure}`)
      if (catchers.length > 0) break
    }
    expect(catchers).not.toEqual([])
    if (process.env['HEADWATER_SHOW'] !== undefined) process.stdout.write(`${what}\n    ${catchers.join('\n    ')}\n`)
    caught += 1
  })
}

afterAll(() => {
  process.stdout.write(`PROOF wrong_backends=${Object.keys(wrongBackends).length} wrong_backends_caught=${caught}\n`)
})
