/** A conformance suite that runs in a page or a worker, one case at a time, for a test runner that is elsewhere. */

export interface CaseName {
  readonly name: string
  readonly isSkipped: boolean
}

export type SuiteRequest = { readonly id: number; readonly list: true } | { readonly id: number; readonly run: string }

export interface SuiteAnswer {
  readonly id: number
  readonly cases?: ReadonlyArray<CaseName>
  /** Why a case has failed. */
  readonly failure?: string
  /** What a case has measured. */
  readonly value?: unknown
}

export interface SuiteCases {
  /** For suites that want a test function with `skip`, and one that may return something to tell. */
  readonly test: {
    (name: string, body: () => unknown): void
    readonly skip: (name: string, body: () => unknown) => void
  }
  /** Group names go in front. */
  readonly describe: (name: string, define: () => void) => void
  readonly answer: (request: SuiteRequest) => Promise<SuiteAnswer>
}

export const suiteCases = (): SuiteCases => {
  const cases = new Map<string, (() => unknown) | null>()
  const groups: Array<string> = []
  const add = (name: string, body: (() => unknown) | null): void => {
    const full = [...groups, name].join(': ')
    if (cases.has(full)) throw new Error(`two cases are named "${full}"`)
    cases.set(full, body)
  }
  return {
    test: Object.assign((name: string, body: () => unknown) => add(name, body), {
      skip: (name: string) => add(name, null),
    }),
    describe: (name, define) => {
      groups.push(name)
      define()
      groups.pop()
    },
    answer: async (request) => {
      const { id } = request
      if ('list' in request)
        return { id, cases: Array.from(cases, ([name, body]) => ({ name, isSkipped: body === null })) }
      try {
        return { id, value: await cases.get(request.run)!() }
      } catch (error) {
        return { id, failure: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) }
      }
    },
  }
}

/**
 * In a worker: registers the cases and answers the page's requests. Not a top-level `await`: Vite bundles workers as
 * classic scripts unless it is told otherwise, and these tests do not.
 */
export const serveSuite = (define: (suite: SuiteCases) => Promise<void>): void => {
  const scope = self as unknown as Worker
  const suite = suiteCases()
  const defined = define(suite)
  scope.addEventListener('message', ({ data }: MessageEvent<SuiteRequest>) => {
    void defined.then(
      async () => scope.postMessage(await suite.answer(data)),
      (error: unknown) => scope.postMessage({ id: data.id, failure: String(error) } satisfies SuiteAnswer),
    )
  })
}

/** What the test runner finds on the page as `headwaterSuite`. */
export interface PageSuite {
  readonly ask: (request: { readonly list: true } | { readonly run: string }) => Promise<SuiteAnswer>
}

/** In the page: passes requests on to a worker that has called {@link serveSuite}. */
export const exposeWorkerSuite = (worker: Worker): void => {
  const waiting = new Map<number, (answer: SuiteAnswer) => void>()
  let last = 0
  const failed = new Promise<SuiteAnswer>((resolve) => {
    worker.addEventListener('error', (event) =>
      resolve({ id: 0, failure: event.message || 'the worker could not be loaded' }),
    )
  })
  worker.addEventListener('message', ({ data }: MessageEvent<SuiteAnswer>) => {
    waiting.get(data.id)?.(data)
    waiting.delete(data.id)
  })
  exposeSuite((request) => {
    const id = ++last
    const answered = new Promise<SuiteAnswer>((resolve) => waiting.set(id, resolve))
    worker.postMessage({ id, ...request })
    return Promise.race([answered, failed])
  })
}

/** In the page: the suite runs on the page's own thread. */
export const exposePageSuite = (suite: SuiteCases): void =>
  exposeSuite((request) => suite.answer({ id: 0, ...request }))

const exposeSuite = (ask: PageSuite['ask']): void => {
  Object.assign(globalThis, { headwaterSuite: { ask } satisfies PageSuite })
}
