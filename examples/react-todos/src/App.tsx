import type { Row } from '@headwater/core'
import { useCommit, useQuery, useSyncStatus } from '@headwater/react'
import { type FormEvent, memo, type ReactNode, useState } from 'react'
import { todoCreated, todoDone, todos } from './Todos.ts'

export const App = (): ReactNode => {
  const [isDone, setIsDone] = useState(false)
  return (
    <>
      <label>
        <input type="checkbox" checked={isDone} onChange={() => setIsDone(!isDone)} /> done
      </label>
      <TodoList isDone={isDone} />
      <NewTodo />
      <SyncState />
    </>
  )
}

export const TodoList = ({ isDone }: { readonly isDone: boolean }): ReactNode => {
  const rows = useQuery(todos.where({ done: isDone }).orderBy('text'))
  return rows.map((todo) => <Todo key={todo.id} todo={todo} />)
}

const Todo = memo(({ todo }: { readonly todo: Row<typeof todos> }): ReactNode => {
  const commit = useCommit()
  return <button onClick={() => commit(todoDone({ id: todo.id }))}>{todo.text}</button>
})

const NewTodo = (): ReactNode => {
  const commit = useCommit()
  const [text, setText] = useState('')
  const add = (event: FormEvent): void => {
    event.preventDefault()
    commit(todoCreated({ id: crypto.randomUUID(), text }))
    setText('')
  }
  return (
    <form onSubmit={add}>
      <input name="text" value={text} onChange={({ target }) => setText(target.value)} />
    </form>
  )
}

export const SyncState = (): ReactNode => {
  const pending = useSyncStatus((status) => status.session.pending + status.backend.pending)
  return <p>{pending === 0 ? 'everything is saved' : `${pending} on their way`}</p>
}
