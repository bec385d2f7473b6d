/** The kit, run by node:test. The same two calls work in any other runner. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileBackend } from '@headwater/example-backend-file'
import { type BackendUnderTest, faultyBackend, syncBackendSuite } from '@headwater/testkit'
import { FileLog } from '../src/FileLog.ts'

const makeBackend = async (): Promise<BackendUnderTest> => {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-file-'))
  const backend = fileBackend({ directory, validate: ({ name }) => (name === 'refused' ? 'refused' : undefined) })
  const faulty = faultyBackend(backend)
  const paths = () => readdirSync(directory).filter((name) => name.endsWith('.jsonl'))
  const pathOf = (storeId: string) => join(directory, `store-${storeId}.jsonl`)
  let others: Array<FileLog> = []
  return {
    provider: faulty,
    restart: async () => backend.close(),
    // Away is when somebody else has the files.
    setOnline: async (isOnline) => {
      backend.close()
      for (const other of others) other.close()
      others = isOnline ? [] : paths().map((name) => new FileLog(join(directory, name)))
    },
    loseNextAnswer: async () => faulty.loseNextAnswer(),
    replaceLog: async (storeId) => {
      backend.close()
      rmSync(pathOf(storeId))
    },
    restore: async (storeId, global) => {
      backend.close()
      const [header, ...batches] = readFileSync(pathOf(storeId), 'utf8').trimEnd().split('\n')
      // What is kept keeps its marks.
      const kept = batches
        .map((line) => JSON.parse(line) as { mark: string; events: Array<{ global: number }> })
        .map(({ mark, events }) => ({ mark, events: events.filter((event) => event.global <= global) }))
        .filter(({ events }) => events.length > 0)
      writeFileSync(pathOf(storeId), [header, ...kept.map((batch) => JSON.stringify(batch)), ''].join('\n'))
    },
    close: async () => {
      backend.close()
      for (const other of others) other.close()
      rmSync(directory, { recursive: true })
    },
  }
}

syncBackendSuite({
  test,
  makeBackend,
  capabilities: ['restart', 'offline', 'loseAnswer', 'refuse', 'replaceLog', 'restore'],
})
