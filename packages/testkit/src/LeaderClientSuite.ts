import {
  type AdapterCapability,
  type AdapterCase,
  type AdapterUnderTest,
  CasePlace,
} from './adapter/AdapterUnderTest.ts'
import { channelCases } from './adapter/ChannelCases.ts'
import { leavingCases } from './adapter/LeavingCases.ts'
import { lossCases } from './adapter/LossCases.ts'
import { sharingCases } from './adapter/SharingCases.ts'
import type { SuiteTest } from './SyncBackendSuite.ts'

export interface LeaderClientSuiteOptions {
  /** A case that starts many leaders may take some seconds: give it a minute before it counts as hung. */
  readonly test: SuiteTest
  /** A fresh, empty place. */
  readonly makeWorld: () => Promise<AdapterUnderTest>
  readonly capabilities: ReadonlyArray<AdapterCapability>
}

/**
 * Registers the cases that every `Adapter` must pass, with whole stores on it: order of messages, one leader for many
 * sessions, leaders that are killed, hang and thaw, closing, wiping, import. Each case gets a place of its own; none
 * waits for time to pass, `takeoverWithinMs` only bounds what never comes. A case whose capability is not named is
 * registered with `test.skip`, its name says what it needs. Runs in browsers too.
 *
 * **Example**
 * ```ts
 * describe('my adapter', () => {
 *   leaderClientSuite({
 *     test,
 *     capabilities: ['share', 'persist'],
 *     makeWorld: async () => {
 *       const directory = await makeEmptyDirectory()
 *       return { adapter: myAdapter({ directory }), takeoverWithinMs: 10_000, close: () => remove(directory) }
 *     },
 *   })
 * })
 * ```
 *
 * **Source**  spec sections 5, 7 and 11 (P7, P12).
 *
 * @category testing
 */
export const leaderClientSuite = (options: LeaderClientSuiteOptions): void => {
  for (const each of leaderClientCases) {
    const missing = each.needs.filter((need) => !options.capabilities.includes(need))
    const body = () => runCase(options, each)
    if (missing.length === 0) options.test(each.name, body)
    else options.test.skip?.(`${each.name} (needs ${missing.join(', ')})`, body)
  }
}

/** All cases, for runners that want to list or count them. */
export const leaderClientCases: ReadonlyArray<AdapterCase> = [
  ...channelCases,
  ...sharingCases,
  ...lossCases,
  ...leavingCases,
]

const runCase = async ({ makeWorld, capabilities }: LeaderClientSuiteOptions, each: AdapterCase): Promise<void> => {
  const place = new CasePlace(await makeWorld(), capabilities)
  try {
    await each.run(place)
  } finally {
    await place.end()
  }
}
