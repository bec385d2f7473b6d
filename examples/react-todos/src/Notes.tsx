/** The program of the README of `@headwater/react`, with a store in memory. */
import { memoryAdapter } from '@headwater/adapter-node'
import { column, createStore, defineEvent, defineSchema, Schema, table } from '@headwater/core'
import { StoreProvider, useCommit, useQuery } from '@headwater/react'
import type { ReactNode } from 'react'
import { createRoot } from 'react-dom/client'

const notes = table('notes', { id: column.text().primaryKey(), text: column.text() })
const noted = defineEvent('noted', Schema.Struct({ id: Schema.String, text: Schema.String }))
const schema = defineSchema({
  version: 1,
  tables: { notes },
  events: { noted },
  materializers: { noted: (note) => notes.insert(note) },
})

const Notes = (): ReactNode => {
  const rows = useQuery(notes.all())
  const commit = useCommit()
  return (
    <>
      <button onClick={() => commit(noted({ id: crypto.randomUUID(), text: 'hello' }))}>Add a note</button>
      {rows.map(({ id, text }) => (
        <p key={id}>{text}</p>
      ))}
    </>
  )
}

createRoot(document.querySelector('main')!).render(
  <StoreProvider
    store={(signal) => createStore({ schema, storeId: 'notes', adapter: memoryAdapter(), signal })}
    fallback={<p>Opening …</p>}
  >
    <Notes />
  </StoreProvider>,
)
