/** Takers of locks, in this thread or at the other end of a line. */
import { fail } from '../Assert.ts'
import { remoteCalls, type RemoteCalls, serveCalls, type SuitePort } from './RemoteCalls.ts'

/** Somebody who wants to lead stores. */
export interface LockTaker {
  /** As it is named to those who are refused: a process and thread, a tab. */
  readonly name: string
  /** Takes the lock of a store if it is free, without waiting; the answer gives it back. `null`: somebody has it. */
  readonly tryTake: (storeId: string) => Promise<(() => Promise<void>) | null>
  /** Who has the lock of a store now, `null` if nobody does. */
  readonly holder: (storeId: string) => Promise<string | null>
}

/** A taker in a thread, process or tab of its own. */
export interface LockPlace extends LockTaker {
  /** Ends it without a word; resolves when it is gone. May be called again. */
  readonly kill: () => Promise<void>
}

/**
 * Lets whoever is at the other end of `port` take locks here: the entry file of a suite's worker, child process or page.
 * `makeTaker` is given what {@link remoteLock} was given for it.
 *
 * @category testing
 */
export const serveLock = (port: SuitePort, makeTaker: (given: unknown) => LockTaker): void => {
  let taker: LockTaker | undefined
  const held = new Map<number, () => Promise<void>>()
  let next = 1
  const taking = (): LockTaker => taker ?? fail('nobody has said "start"')
  serveCalls(port, {
    start: (given: unknown) => {
      taker = makeTaker(given)
      return Promise.resolve(taker.name)
    },
    tryTake: async (storeId: string) => {
      const release = await taking().tryTake(storeId)
      if (release === null) return null
      held.set(next, release)
      return next++
    },
    release: async (n: number) => {
      await held.get(n)?.()
      held.delete(n)
    },
    holder: (storeId: string) => taking().holder(storeId),
  })
}

/**
 * The suite's end of {@link serveLock}; `end` is to be called when that thread, process or tab is gone.
 *
 * @category testing
 */
export const remoteLock = async (
  port: SuitePort,
  given: unknown,
): Promise<LockTaker & { readonly end: RemoteCalls['end'] }> => {
  const { call, end } = remoteCalls(port)
  return {
    name: (await call('start', given)) as string,
    tryTake: async (storeId) => {
      const n = await call('tryTake', storeId)
      return n === null ? null : async () => void (await call('release', n))
    },
    holder: async (storeId) => (await call('holder', storeId)) as string | null,
    end,
  }
}
