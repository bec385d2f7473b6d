/** As `CrashLoad.ts`, with a whole store: the session on the page, the leader in its worker. */
import { column, createStore, defineEvent, defineSchema, Schema, table } from '@headwater/core'
import { webAdapter } from '../../../src/WebAdapter.ts'
import type { Acknowledged, Found } from './CrashLoad.ts'

const counts = table('counts', { n: column.integer().primaryKey(), text: column.text() })
const counted = defineEvent('counted', Schema.Struct({ n: Schema.Int, text: Schema.String }))
const schema = defineSchema({
  version: 1,
  tables: { counts },
  events: { counted },
  materializers: { counted: ({ n, text }) => counts.insert({ n, text }) },
})

const { found, acknowledged } = globalThis as unknown as {
  readonly found: (found: Found) => Promise<void>
  readonly acknowledged: (acknowledged: Acknowledged) => Promise<void>
}

const text = 'x'.repeat(100)
const startWorker = (): Worker =>
  new Worker(new URL('../../../src/LeaderWorker.ts', import.meta.url), { type: 'module' })

const run = async (): Promise<void> => {
  const warnings: Array<string> = []
  const store = await createStore({
    schema,
    storeId: 'crash',
    adapter: webAdapter({ directory: 'crashes', startWorker }),
    log: ({ level, message }) => {
      if (level === 'error') warnings.push(message)
    },
  })
  const rows = store.query(counts.orderBy('n'))
  const isWhole = rows.every((row, i) => row.n === i + 1 && row.text === text)
  const wrong = [...warnings, ...(isWhole ? [] : ['a row is missing, or another is in its place'])]
  await found({ event: rows.length, exports: 0, wasSalvaging: false, wrong })
  for (let n = rows.length + 1; ; n += 10) {
    const receipts = Array.from({ length: 10 }, (_, i) => store.commit(counted({ n: n + i, text })))
    await Promise.all(receipts.map(({ persisted }) => persisted))
    await acknowledged({ event: n + 9, exports: 0 })
  }
}

run().catch((error: unknown) => found({ event: 0, exports: 0, wasSalvaging: false, wrong: [String(error)] }))
