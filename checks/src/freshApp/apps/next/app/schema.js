import { column, defineEvent, defineSchema, Schema, table } from '@headwater/core'

export const notes = table('notes', { id: column.text().primaryKey(), text: column.text() })
export const noteAdded = defineEvent('noteAdded', Schema.Struct({ id: Schema.String, text: Schema.String }))
const materializers = { noteAdded: (note) => notes.insert(note) }
export const schema = defineSchema({ version: 1, tables: { notes }, events: { noteAdded }, materializers })
