import type { Mutation } from '../Mutation.ts'

const react = 'packages/react/src'
const test = 'packages/react/test'

/** Faults of the React bindings: tearing, identity, stores opened twice, HTML that differs. */
export const reactMutations: ReadonlyArray<Mutation> = [
  {
    name: 'answers-shown-one-by-one',
    why: 'one commit shows half of two queries when something renders in the middle of a refresh',
    file: `${react}/StoreQueries.ts`,
    find: `        this.#next = next
        this.#queries.changed(this as ShownQuery<unknown>)`,
    replace: `        this.#next = next
        this.take()
        this.tell()`,
    caughtBy: { file: `${test}/Concurrent.test.tsx`, test: 'a render in the middle of a refresh' },
  },
  {
    name: 'rows-without-identity',
    why: 'every commit renders every row of a list',
    file: `${react}/StoreQueries.ts`,
    find: `keepIdentity(this.#answer.result, result)`,
    replace: `result`,
    caughtBy: { file: `${test}/RowRenders.test.tsx` },
  },
  {
    name: 'query-compared-by-object',
    why: 'a query made while rendering is subscribed to anew with each render',
    file: `${react}/useQuery.ts`,
    find: `[handle, key, whileOpening]`,
    replace: `[handle, query, whileOpening]`,
    caughtBy: { file: `${test}/UseQuery.test.tsx`, test: 'raw SQL made while rendering' },
  },
  {
    name: 'query-key-without-values',
    why: 'components that ask for other values share one answer',
    file: `${react}/QueryKey.ts`,
    find: `shape, ...params.map(parameterKey)]`,
    replace: `shape]`,
    caughtBy: { file: `${test}/UseQuery.test.tsx`, test: 'other values are another query' },
  },
  {
    name: 'failed-subscription-not-retried',
    why: 'a component whose subscription failed once stands still for ever',
    file: `${react}/StoreQueries.ts`,
    find: `for (const query of detached) query.attach()`,
    replace: ``,
    caughtBy: { file: `${test}/UseQuery.test.tsx`, test: 'a subscription that fails is tried again' },
  },
  {
    name: 'provider-closes-between-strict-mounts',
    why: 'StrictMode throws the first opening and its snapshot away',
    file: `${react}/StoreOpening.ts`,
    find: `if (!this.#isHeld && !this.isReleased) void this.#close()
    })`,
    replace: `})
    void this.#close()`,
    caughtBy: { file: `${test}/StoreProvider.test.tsx`, test: 'with a snapshot, StrictMode shows it' },
  },
  {
    name: 'provider-leaves-its-store-open',
    why: 'each page that is left keeps a session and its leader',
    file: `${react}/StoreOpening.ts`,
    find: `await store?.close()`,
    replace: ``,
    caughtBy: { file: `${test}/StoreProvider.test.tsx`, test: 'a function written inline is called once' },
  },
  {
    name: 'hydration-without-the-snapshot',
    why: 'equal rows are rendered again as soon as the browser’s store is open',
    file: `${react}/QueryView.ts`,
    find: `shown.seed(answer)`,
    replace: `void answer`,
    caughtBy: { file: `${test}/ServerRendering.test.tsx`, test: 'HTML of an open store' },
  },
]
