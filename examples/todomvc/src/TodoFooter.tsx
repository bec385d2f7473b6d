import { useCommit, useQuery } from '@headwater/react'
import type { ReactNode } from 'react'
import { routes, useRoute } from './Route.ts'
import { todos, todosRemoved } from './Todos.ts'

const completedIds = todos.where({ completed: true }).select('id')

export const TodoFooter = (): ReactNode => {
  const left = useQuery(todos.where({ completed: false }).count())
  return (
    <footer className="footer">
      <span className="todo-count" data-testid="todo-count">
        <strong>{left}</strong> {left === 1 ? 'item' : 'items'} left
      </span>
      <Filters />
      <ClearCompleted />
    </footer>
  )
}

const Filters = (): ReactNode => {
  const route = useRoute()
  return (
    <ul className="filters">
      {routes.map(({ hash, name }) => (
        <li key={hash}>
          <a
            href={hash}
            className={hash === route.hash ? 'selected' : ''}
            aria-current={hash === route.hash ? 'page' : undefined}
          >
            {name}
          </a>
        </li>
      ))}
    </ul>
  )
}

const ClearCompleted = (): ReactNode => {
  const commit = useCommit()
  const completed = useQuery(completedIds)
  if (completed.length === 0) return null
  return (
    <button className="clear-completed" onClick={() => commit(todosRemoved({ ids: completed.map(({ id }) => id) }))}>
      Clear completed
    </button>
  )
}
