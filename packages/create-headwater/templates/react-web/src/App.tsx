import type { Row } from '@headwater/core'
import { useCommit, useQuery, useSyncStatus } from '@headwater/react'
import { type FormEvent, memo, type ReactNode, useState } from 'react'
import { todoCreated, todoDeleted, todos, todoToggled } from './schema.ts'

export const App = (): ReactNode => (
  <main>
    <h1>Todos</h1>
    <NewTodo />
    <TodoList />
    <SyncState />
  </main>
)

const NewTodo = (): ReactNode => {
  const commit = useCommit()
  const [text, setText] = useState('')
  const add = (event: FormEvent): void => {
    event.preventDefault()
    if (text.trim() === '') return
    commit(todoCreated({ id: crypto.randomUUID(), text: text.trim() }))
    setText('')
  }
  return (
    <form onSubmit={add}>
      <input
        value={text}
        onChange={({ target }) => setText(target.value)}
        placeholder="What needs to be done?"
        aria-label="New todo"
      />
    </form>
  )
}

/** Reads synchronously, and renders again when, and only when, its answer has changed. */
const TodoList = (): ReactNode => {
  const rows = useQuery(todos.all().orderBy('text'))
  return (
    <ul>
      {rows.map((todo) => (
        <Todo key={todo.id} todo={todo} />
      ))}
    </ul>
  )
}

const Todo = memo(({ todo }: { readonly todo: Row<typeof todos> }): ReactNode => {
  const commit = useCommit()
  const { id, text, done } = todo
  return (
    <li>
      <label>
        <input type="checkbox" checked={done} onChange={() => commit(todoToggled({ id, done: !done }))} />
        <span>{text}</span>
      </label>
      <button aria-label={`Delete ${text}`} onClick={() => commit(todoDeleted({ id }))}>
        ×
      </button>
    </li>
  )
})

const SyncState = (): ReactNode => {
  const { session, backend, isSynced } = useSyncStatus()
  const pending = session.pending + backend.pending
  const waiting = pending === 0 ? '' : `, ${pending} to send`
  return <p role="status">{isSynced ? 'Synced' : `${backend.connection}${waiting}`}</p>
}
