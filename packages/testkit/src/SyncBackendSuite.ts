import * as Effect from 'effect/Effect'
import { AssertionFailed } from './Assert.ts'
import {
  type BackendUnderTest,
  type SyncBackendCapability,
  type SyncBackendCase,
  missingFor,
} from './SyncBackendCase.ts'
import { connectionCases } from './SyncBackendConnectionCases.ts'
import { cursorCases } from './SyncBackendCursorCases.ts'
import { limitCases } from './SyncBackendLimitCases.ts'
import { liveCases } from './SyncBackendLiveCases.ts'
import { outageCases } from './SyncBackendOutageCases.ts'
import { pullCases } from './SyncBackendPullCases.ts'
import { pushCases } from './SyncBackendPushCases.ts'
import { raceCases } from './SyncBackendRaceCases.ts'

/** A runner's own `test` or `it`: vitest, node:test, anything that takes a name and an async body. */
export interface SuiteTest {
  (name: string, body: () => Promise<void>): unknown
  /** Reports the case as skipped, where the runner can; without it such cases are left out. */
  readonly skip?: (name: string, body: () => Promise<void>) => unknown
}

export interface SyncBackendSuiteOptions {
  readonly test: SuiteTest
  readonly makeBackend: () => Promise<BackendUnderTest>
  readonly capabilities: ReadonlyArray<SyncBackendCapability>
  /** After this long a case has failed: it waits for what the backend never delivers. Default 60,000. */
  readonly timeoutMs?: number
}

/** Far longer than any case takes on a busy machine; it only bounds one that would never end. */
const timeoutMsDefault = 60_000

/**
 * Registers the cases that every `SyncBackend` must pass. Each gets a backend of its own, and none waits for time to
 * pass. A case whose capability is not named is registered with `test.skip`, its name says what it needs.
 *
 * **Example**
 * ```ts
 * import { test } from 'node:test'
 * syncBackendSuite({ test, makeBackend, capabilities: ['restart', 'refuse'] })
 * ```
 *
 * **Source**  spec section 9.
 *
 * @category testing
 */
export const syncBackendSuite = (options: SyncBackendSuiteOptions): void => {
  for (const each of syncBackendCases) {
    const missing = missingFor(each, options.capabilities)
    const body = () => runSyncBackendCase(options, each)
    if (missing.length === 0) options.test(each.name, body)
    else options.test.skip?.(`${each.name} (needs ${missing.join(', ')})`, body)
  }
}

/** All cases, for runners that want to list or count them. */
export const syncBackendCases: ReadonlyArray<SyncBackendCase> = [
  ...pushCases,
  ...limitCases,
  ...raceCases,
  ...pullCases,
  ...liveCases,
  ...connectionCases,
  ...outageCases,
  ...cursorCases,
]

/** Runs one case on a backend of its own. **Fails with** what the case found. */
export const runSyncBackendCase = async (
  options: Pick<SyncBackendSuiteOptions, 'makeBackend' | 'timeoutMs'>,
  each: SyncBackendCase,
): Promise<void> => {
  const { makeBackend, timeoutMs = timeoutMsDefault } = options
  const backend = await makeBackend()
  const late = new AssertionFailed(`not over after ${timeoutMs} ms: the case waits for what the backend never delivers`)
  try {
    await each
      .run(backend, `suite-${crypto.randomUUID()}`)
      .pipe(
        Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => Effect.die(late) }),
        Effect.scoped,
        Effect.runPromise,
      )
  } finally {
    await backend.close()
  }
}
