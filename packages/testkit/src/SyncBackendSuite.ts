import * as Effect from 'effect/Effect'
import {
  type BackendUnderTest,
  type SyncBackendCapability,
  type SyncBackendCase,
  isCaseFor,
} from './SyncBackendCase.ts'
import { outageCases } from './SyncBackendOutageCases.ts'
import { pullCases } from './SyncBackendPullCases.ts'
import { pushCases } from './SyncBackendPushCases.ts'

export interface SyncBackendSuiteOptions {
  /** The runner's own `test` or `it`: vitest, node:test, anything that takes a name and an async body. */
  readonly test: (name: string, body: () => Promise<void>) => unknown
  readonly makeBackend: () => Promise<BackendUnderTest>
  readonly capabilities: ReadonlyArray<SyncBackendCapability>
}

/**
 * Registers the cases that every `SyncBackend` must pass. Each gets a backend of its own and no case waits for time to
 * pass.
 *
 * **Example**
 * ```ts
 * describe('my backend', () => {
 *   syncBackendSuite({ test, makeBackend, capabilities: ['restart', 'refuse'] })
 * })
 * ```
 *
 * **Source**  spec section 9.
 *
 * @category testing
 */
export const syncBackendSuite = (options: SyncBackendSuiteOptions): void => {
  for (const each of syncBackendCases) {
    if (isCaseFor(each, options.capabilities)) options.test(each.name, () => runCase(options, each))
  }
}

/** All cases, for runners that want to list or count them. */
export const syncBackendCases: ReadonlyArray<SyncBackendCase> = [...pushCases, ...pullCases, ...outageCases]

const runCase = async (options: SyncBackendSuiteOptions, each: SyncBackendCase): Promise<void> => {
  const backend = await options.makeBackend()
  try {
    await Effect.runPromise(Effect.scoped(each.run(backend, `suite-${crypto.randomUUID()}`)))
  } finally {
    await backend.close()
  }
}
