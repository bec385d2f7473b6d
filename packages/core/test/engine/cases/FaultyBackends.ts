/** Spec section 11, P2, P4 and P8: whatever happens between client and backend, everything settles once and everywhere. */
import { describe, expect } from 'vitest'
import { type BackendFaults, backendFaultKinds } from '../../../../testkit/src/BackendFaults.ts'
import { faultyBackend } from '../../../../testkit/src/FaultyBackend.ts'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { engineCase } from '../Case.ts'
import { shown, todoCreated, todoRenamed, untilSynced } from '../Todos.ts'

/** Short times, so that many retries happen within a test. */
const times = { latencyMs: 3, timeoutMs: 20, holdMs: 30 }
const all = Object.fromEntries(backendFaultKinds.map((kind) => [kind, 0.15]))
const mixes: ReadonlyArray<readonly [string, BackendFaults]> = [
  ['requests, answers and late ones are lost', { ...times, loseRequest: 0.2, loseAnswer: 0.3, lateRequest: 0.2 }],
  ['pushes come twice and pages late', { ...times, duplicatePush: 0.5, holdPage: 0.5 }],
  ['streams are cut and calls fail', { ...times, cutStream: 0.3, fail: 0.3 }],
  ['all of it happens', { ...times, ...all }],
]
const rounds = 40
const seed = Number(process.env['HEADWATER_SEED'] ?? 1)

describe('a backend with faults in between', () => {
  for (const [what, faults] of mixes) {
    engineCase(`${what}: three clients converge, and every event is in the log exactly once`, async ({ client }) => {
      const memory = memoryBackend({ pageEvents: 3 })
      const links = ['a', 'b', 'c'].map((_, index) => faultyBackend(memory, { seed: seed + index, faults }))
      const stores = await Promise.all(links.map((backend) => client({ backend }).open()))
      const confirmed: Array<Promise<unknown>> = []
      const ids = new Set<string>()
      for (let round = 0; round < rounds; round += 1) {
        for (const [index, store] of stores.entries()) {
          const id = `${index}-${round}`
          const receipt = store.commit(
            todoCreated({ id, text: `${round}` }),
            todoRenamed({ id: `0-${round}`, text: id }),
          )
          for (const eventId of receipt.eventIds) ids.add(eventId)
          confirmed.push(receipt.confirmed)
          await receipt.persisted
        }
      }
      for (const link of links) link.setFaults({ latencyMs: 1 })
      await Promise.all(confirmed)
      for (const store of stores) await untilSynced(store, ids.size)
      const log = memory.log('demo').map(({ id }) => id)
      expect(log.toSorted(), `again: HEADWATER_SEED=${seed}`).toEqual([...ids].toSorted())
      const [first, ...others] = stores.map(shown)
      for (const other of others) expect(other, `again: HEADWATER_SEED=${seed}`).toBe(first)
      const injected = links.flatMap(({ counts }) => Object.values(counts)).reduce((sum, count) => sum + count, 0)
      expect(injected).toBeGreaterThan(0)
      const lost = [...ids].filter((id) => !log.includes(id)).length
      process.stdout.write(`PROOF faulty_engine_seed=${seed} events=${ids.size} faults=${injected} lost=${lost}\n`)
    })
  }
})
