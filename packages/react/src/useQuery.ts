import type { Query } from '@headwater/core'
import { type DependencyList, useMemo, useSyncExternalStore } from 'react'
import { QueryView, notOnServer, opening } from './QueryView.ts'
import { NotOnServer } from './ReactError.ts'
import { queryKey } from './QueryKey.ts'
import { useOpened, useStoreHandle } from './StoreHandle.ts'

/**
 * The answer of a query, now and after every change: the component is rendered again when the answer differs.
 *
 * Queries are compared by what they ask, so that one made while rendering is as good as a constant. With raw SQL the
 * row schema is the one of the first render with that SQL and those parameters.
 *
 * **Shape**  equal answers are the same object, and so are equal rows of unequal answers. All queries of a store are
 * of the same moment. While the store opens: the provider's snapshot, and if that has no answer, suspended.
 *
 * **Fails with**  what the query fails with, thrown to the error boundary; `StoreProviderMissing`; `NotOnServer`.
 *
 * **Example**
 * ```tsx
 * const open = useQuery(todos.where({ done: false }).orderBy('text'))
 * ```
 */
export function useQuery<A>(query: Query<A>): A
/** The same for a query that costs something to make: made anew when one of `deps` is another. */
export function useQuery<A>(makeQuery: () => Query<A>, deps?: DependencyList): A
export function useQuery<A>(query: Query<A> | (() => Query<A>), deps?: DependencyList): A {
  return useAnswer('useQuery', useMadeQuery(query, deps), 'snapshot')
}

/**
 * As `useQuery`, but never from a snapshot: suspended until the store is open. For what has to be up to date from its
 * first render on, such as a form's initial values.
 */
export function useSuspenseQuery<A>(query: Query<A>): A
/** The same for a query that costs something to make: made anew when one of `deps` is another. */
export function useSuspenseQuery<A>(makeQuery: () => Query<A>, deps?: DependencyList): A
export function useSuspenseQuery<A>(query: Query<A> | (() => Query<A>), deps?: DependencyList): A {
  return useAnswer('useSuspenseQuery', useMadeQuery(query, deps), 'suspend')
}

const useMadeQuery = <A>(query: Query<A> | (() => Query<A>), deps: DependencyList | undefined): Query<A> =>
  // oxlint-disable-next-line react/exhaustive-deps -- the caller's
  useMemo(() => (typeof query === 'function' ? query() : query), deps ?? [query])

const useAnswer = <A>(hook: string, query: Query<A>, whileOpening: 'snapshot' | 'suspend'): A => {
  const handle = useStoreHandle(hook)
  const key = queryKey(query)
  // oxlint-disable-next-line react/exhaustive-deps -- the key says what the query asks
  const view = useMemo(() => new QueryView(handle, query, key, whileOpening), [handle, key, whileOpening])
  const answer = useSyncExternalStore(view.subscribe, view.read, view.readOnServer)
  if (answer === notOnServer) throw new NotOnServer({ missing: query.sql })
  useOpened(handle, answer === opening)
  return answer === opening ? (view.read() as A) : answer
}
