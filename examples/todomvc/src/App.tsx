import { useQuery } from '@headwater/react'
import type { ReactNode } from 'react'
import { NewTodo } from './NewTodo.tsx'
import { StatusLine } from './StatusLine.tsx'
import { TodoFooter } from './TodoFooter.tsx'
import { TodoList } from './TodoList.tsx'
import { todos } from './Todos.ts'

export const App = (): ReactNode => {
  const isEmpty = useQuery(todos.count()) === 0
  return (
    <main>
      <section className="todoapp">
        <header className="header">
          <h1>todos</h1>
          <NewTodo />
        </header>
        {isEmpty ? null : <TodoList />}
        {isEmpty ? null : <TodoFooter />}
      </section>
      <StatusLine />
      <footer className="info">
        <p>Double-click to edit a todo</p>
        <p>Open this page in a second window, pull the plug in one of them, and watch</p>
      </footer>
    </main>
  )
}
