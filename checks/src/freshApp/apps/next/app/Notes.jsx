import { webAdapter } from '@headwater/adapter-web'
import { createStore } from '@headwater/core'
import { StoreProvider, useCommit, useQuery } from '@headwater/react'
import { noteAdded, notes, schema } from './schema.js'

const open = (signal) => createStore({ schema, storeId: 'notes', adapter: webAdapter(), signal })

export default function Notes() {
  return (
    <StoreProvider store={open} fallback={<p>Opening …</p>}>
      <List />
    </StoreProvider>
  )
}

function List() {
  const commit = useCommit()
  const rows = useQuery(notes.orderBy('text'))
  const add = () => commit(noteAdded({ id: crypto.randomUUID(), text: new Date().toISOString() }))
  return (
    <>
      <button onClick={add}>Note the time</button>
      <ul>
        {rows.map(({ id, text }) => (
          <li key={id}>{text}</li>
        ))}
      </ul>
    </>
  )
}
