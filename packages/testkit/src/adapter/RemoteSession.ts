/** Sessions of a suite in another thread, process or tab. */
import type { Adapter } from '@headwater/core/adapter'
import { fail } from '../Assert.ts'
import { remoteCalls, type RemoteCalls, serveCalls, type SuitePort } from './RemoteCalls.ts'
import { openSession, type SessionOptions, type SessionUnderTest } from './SessionUnderTest.ts'

const methods = [
  'commit',
  'mark',
  'persisted',
  'confirmed',
  'until',
  'dump',
  'ids',
  'report',
  'export',
  'close',
  'wipe',
] as const satisfies ReadonlyArray<keyof SessionUnderTest>

interface SessionAsk {
  readonly session: number
  readonly ask: unknown
}

/**
 * Makes sessions for whoever is at the other end of `port`: the whole entry file of a suite's worker, child process or
 * page. `makeAdapter` is given what {@link remoteSessions} was given for it.
 *
 * **Example** (a worker thread)
 * ```ts
 * serveSessions(
 *   { post: (message) => parentPort.postMessage(message), listen: (take) => parentPort.on('message', take) },
 *   (directory) => nodeAdapter({ directory }),
 * )
 * ```
 *
 * @category testing
 */
export const serveSessions = (port: SuitePort, makeAdapter: (given: unknown) => Adapter): void => {
  const sessions: Array<SessionUnderTest> = []
  const adapters = new Map<string, Adapter>()
  const adapterOf = (given: unknown): Adapter => {
    const key = JSON.stringify(given)
    const adapter = adapters.get(key) ?? makeAdapter(given)
    adapters.set(key, adapter)
    return adapter
  }
  const open = async ({ given, options }: { readonly given: unknown; readonly options: SessionOptions }) =>
    sessions.push(await openSession({ ...options, adapter: adapterOf(given) })) - 1
  const forward = methods.map((name) => {
    const method = ({ session, ask }: SessionAsk): Promise<unknown> =>
      (sessions[session] ?? fail(`there is no session ${session}`))[name](ask as never)
    return [name, method] as const
  })
  serveCalls(port, { open, ...Object.fromEntries(forward) })
}

/** What is at the other end of {@link serveSessions}. */
export interface RemoteSessions {
  readonly open: (options: SessionOptions) => Promise<SessionUnderTest>
  /** To be called when that thread, process or tab is gone. */
  readonly end: RemoteCalls['end']
}

/**
 * The suite's end of {@link serveSessions}; `given` (plain data) tells it how to make its adapter.
 *
 * @category testing
 */
export const remoteSessions = (port: SuitePort, given: unknown): RemoteSessions => {
  const { call, end } = remoteCalls(port)
  return {
    open: async (options) => {
      const session = await call('open', { given, options })
      const forward = methods.map((name) => [name, (ask: unknown) => call(name, { session, ask })] as const)
      return Object.fromEntries(forward) as unknown as SessionUnderTest
    },
    end,
  }
}
