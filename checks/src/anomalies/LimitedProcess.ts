/** A process whose files may not grow: commits until the store says that it cannot, then prints what was promised. */
import { nodeAdapter } from '@headwater/adapter-node'
import { createStore } from '@headwater/core'
import { SqliteError } from '@headwater/core/adapter'
import { schema, todoCreated } from '../../../packages/adapter-node/test/Todos.ts'
import type { LimitedReport } from './FileAnomalies.ts'

const directory = process.argv[2]!
const persisted: Array<string> = []

const report = (error: string, isTyped: boolean): void => {
  const line: LimitedReport = { persisted, isTyped, error }
  process.stdout.write(`${JSON.stringify(line)}\n`, () => process.exit(0))
}

/** Ends with what the status tells, or with the error of a call. */
const run = async (): Promise<string> => {
  const told = Promise.withResolvers<string>()
  const opening = createStore({
    schema,
    storeId: 'demo',
    adapter: nodeAdapter({ directory, leader: 'same-thread' }),
    log: () => undefined,
    onStatus: ({ backend: { error } }) => error !== null && told.resolve(error.tag),
  })
  const store = await Promise.race([opening, told.promise])
  if (typeof store === 'string') return store
  for (let i = 0; ; i++) {
    const receipt = store.commit(todoCreated({ id: `${i}`, text: 'x'.repeat(3000) }))
    const error = await Promise.race([receipt.persisted, told.promise])
    if (error !== undefined) return error
    persisted.push(...receipt.eventIds)
  }
}

try {
  const tag = await run()
  report(tag, tag === 'SqliteError')
} catch (error) {
  report(String(error), error instanceof SqliteError && error.isEnvironment)
}
