import { useSyncExternalStore } from 'react'
import { activeTodos, allTodos, completedTodos } from './Todos.ts'

/** What the address shows: `#/`, `#/active`, `#/completed`. */
export const routes = [
  { hash: '#/', name: 'All', query: allTodos },
  { hash: '#/active', name: 'Active', query: activeTodos },
  { hash: '#/completed', name: 'Completed', query: completedTodos },
] as const

export type Route = (typeof routes)[number]

const current = (): Route => routes.find(({ hash }) => hash === location.hash) ?? routes[0]

const onChange = (listener: () => void): (() => void) => {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}

export const useRoute = (): Route => useSyncExternalStore(onChange, current)
