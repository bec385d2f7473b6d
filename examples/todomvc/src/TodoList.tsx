import { useCommit, useQuery } from '@headwater/react'
import type { ReactNode } from 'react'
import { useRoute } from './Route.ts'
import { TodoItem } from './TodoItem.tsx'
import { todos, todosCompleted, todosReopened } from './Todos.ts'

const everyId = todos.select('id', 'completed')

export const TodoList = (): ReactNode => {
  const { query } = useRoute()
  const rows = useQuery(query)
  return (
    <section className="main">
      <ToggleAll />
      <ul className="todo-list" aria-label="Todos">
        {rows.map((todo) => (
          <TodoItem key={todo.id} todo={todo} />
        ))}
      </ul>
    </section>
  )
}

const ToggleAll = (): ReactNode => {
  const commit = useCommit()
  const all = useQuery(everyId)
  const areCompleted = all.every(({ completed }) => completed)
  const toggle = (): void => {
    const ids = all.filter(({ completed }) => completed === areCompleted).map(({ id }) => id)
    commit(areCompleted ? todosReopened({ ids }) : todosCompleted({ ids }))
  }
  return (
    <>
      <input id="toggle-all" className="toggle-all" type="checkbox" checked={areCompleted} onChange={toggle} />
      <label htmlFor="toggle-all">Mark all as complete</label>
    </>
  )
}
