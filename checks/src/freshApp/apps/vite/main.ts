import { webAdapter } from '@headwater/adapter-web'
import { httpBackend } from '@headwater/backend-http'
import { column, createStore, defineEvent, defineSchema, Schema, table } from '@headwater/core'

const notes = table('notes', { id: column.text().primaryKey(), text: column.text() })
const noteAdded = defineEvent('noteAdded', Schema.Struct({ id: Schema.String, text: Schema.String }))
const materializers = { noteAdded: (note: { id: string; text: string }) => notes.insert(note) }
const schema = defineSchema({ version: 1, tables: { notes }, events: { noteAdded }, materializers })

const backend = httpBackend({ url: 'http://127.0.0.1:4800' })
const store = await createStore({ schema, storeId: 'notes', adapter: webAdapter(), backend })

const list = document.body.appendChild(document.createElement('ul'))
store.subscribe(notes.orderBy('text'), (rows) => (list.innerHTML = rows.map(({ text }) => `<li>${text}</li>`).join('')))

const button = document.body.appendChild(document.createElement('button'))
button.textContent = 'Note the time'
button.onclick = () => store.commit(noteAdded({ id: crypto.randomUUID(), text: new Date().toISOString() }))
