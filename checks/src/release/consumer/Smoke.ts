/**
 * What a new user would try first, against the installed packages: a server, two devices, a commit that is confirmed and
 * arrives, a restart. Run as a file by Node alone; it fails with whatever goes wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeAdapter } from '@headwater/adapter-node'
import { httpBackend } from '@headwater/backend-http'
import { column, createStore, defineEvent, defineSchema, Schema, type Store, table } from '@headwater/core'
import { startServer } from '@headwater/server'

const notes = table('notes', { id: column.text().primaryKey(), text: column.text(), at: column.integer() })
const noted = defineEvent('noted', Schema.Struct({ id: Schema.String, text: Schema.String, at: Schema.Number }))
const schema = defineSchema({
  version: 1,
  tables: { notes },
  events: { noted },
  materializers: { noted: (note) => notes.insert(note) },
})

const folder = mkdtempSync(join(tmpdir(), 'headwater-smoke-'))
const server = await startServer({ data: join(folder, 'server'), port: 0 })

const open = (device: string): Promise<Store> =>
  createStore({
    schema,
    storeId: 'smoke',
    adapter: nodeAdapter({ directory: join(folder, device) }),
    backend: httpBackend({ url: server.url }),
  })

try {
  const first = await open('first')
  await first.commit(noted({ id: '1', text: 'hello', at: 1 })).confirmed
  await first.close()

  const second = await open('second')
  const arrived = new Promise<string>((resolve) => {
    second.subscribe(notes.all(), (rows) => {
      if (rows[0] !== undefined) resolve(rows[0].text)
    })
  })
  if ((await arrived) !== 'hello') throw new Error('another text arrived')
  await second.close()

  const again = await open('first')
  if (again.query(notes.count()) !== 1) throw new Error('the store was not there after a restart')
  await again.close()
} finally {
  await server.close()
  rmSync(folder, { recursive: true })
}
console.log(`smoke passed on Node ${process.versions.node}`)
