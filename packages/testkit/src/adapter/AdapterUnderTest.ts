import type { Adapter } from '@headwater/core/adapter'
import { AssertionFailed, fail } from '../Assert.ts'
import { type MemoryBackend, memoryBackend } from '../MemoryBackend.ts'
import { tagOf } from './RemoteCalls.ts'
import type { RemoteSessions } from './RemoteSession.ts'
import { openSession, type OpenSessionOptions, type SessionOptions, type SessionUnderTest } from './SessionUnderTest.ts'

/**
 * What an adapter promises, or can be made to do. Cases that need what is not named are left out.
 *
 * | Capability      | Means                                                                                     |
 * | --------------- | ----------------------------------------------------------------------------------------- |
 * | `share`         | sessions of one place share a leader                                                      |
 * | `persist`       | a store that is opened again has what it had                                              |
 * | `elsewhere`     | sessions in another thread, process or tab share it too, and can be killed (`elsewhere`)  |
 * | `observeLeader` | it can be told whether a leader runs (`isLed`)                                            |
 * | `killLeader`    | the leader can be ended in the middle of what it does (`killLeader`)                      |
 * | `hangLeader`    | the leader can be made to loop for ever, and is replaced (`hangLeader`)                   |
 * | `freezeLeader`  | the leader can be stopped, lose its lock, and go on later (`freezeLeader`)                |
 * | `newerFormat`   | a store's files can be made those of a newer version (`setNewerFormat`)                   |
 */
export type AdapterCapability =
  | 'share'
  | 'persist'
  | 'elsewhere'
  | 'observeLeader'
  | 'killLeader'
  | 'hangLeader'
  | 'freezeLeader'
  | 'newerFormat'

/** Another thread, process or tab. */
export interface SessionPlace extends RemoteSessions {
  /** Ends it in the middle of what it does, without a word to anybody; resolves when it is gone. */
  readonly kill: () => Promise<void>
}

/** One fresh, empty place (a directory, an origin) and the adapters that keep stores in it. Methods belong to capabilities. */
export interface AdapterUnderTest {
  /** The adapter for this place. Asked for once a case. */
  readonly adapter: Adapter
  /**
   * From the loss of a leader (killed, hung, its thread or tab gone) until every session has another one; also the bound
   * of every other wait. **Units** ms.
   */
  readonly takeoverWithinMs: number
  readonly elsewhere?: () => Promise<SessionPlace>
  /** Whether a leader of this store runs: its lock is held, or its thread is not gone yet. */
  readonly isLed?: (storeId: string) => Promise<boolean>
  /** Ends the leader of a store as a crash does, not its sessions here. It leads and does not end when this is called. */
  readonly killLeader?: (storeId: string) => Promise<void>
  /** The leader of a store does nothing any more, in an endless loop. */
  readonly hangLeader?: (storeId: string) => Promise<void>
  /**
   * The leader of a store stops where it is, and its lock can be taken by others from here on (the tab was suspended, the
   * machine slept, somebody stole the lock). It is the one that the first place elsewhere has started. The answer lets
   * it go on.
   */
  readonly freezeLeader?: (storeId: string) => Promise<() => Promise<void>>
  /** Marks the files of a closed store as written by a newer version; the answer takes that back. */
  readonly setNewerFormat?: (storeId: string) => Promise<() => Promise<void>>
  readonly close: () => Promise<void>
}

/** One rule that adapters hold, with what it needs. */
export interface AdapterCase {
  readonly name: string
  readonly needs: ReadonlyArray<AdapterCapability>
  readonly run: (place: CasePlace) => Promise<void>
}

export type OpenHere = Partial<Omit<OpenSessionOptions, 'withinMs'>>
export type OpenElsewhere = Partial<Omit<SessionOptions, 'withinMs'>>

/** The place of one case. What is opened through it is closed with the case. */
export class CasePlace {
  readonly under: AdapterUnderTest
  readonly storeId = 'demo'
  readonly backend: MemoryBackend = memoryBackend()
  readonly #capabilities: ReadonlyArray<AdapterCapability>
  readonly #open = new Set<SessionUnderTest>()
  readonly #places: Array<SessionPlace> = []

  constructor(under: AdapterUnderTest, capabilities: ReadonlyArray<AdapterCapability>) {
    this.under = under
    this.#capabilities = capabilities
  }

  can(capability: AdapterCapability): boolean {
    return this.#capabilities.includes(capability)
  }

  /** A session of this thread. */
  async open(options: OpenHere = {}): Promise<SessionUnderTest> {
    const { adapter, takeoverWithinMs: withinMs } = this.under
    return this.#keep(await openSession({ adapter, storeId: this.storeId, withinMs, ...options }))
  }

  /** A place elsewhere, without a session. */
  async elsewhere(): Promise<SessionPlace> {
    const place = await method(this.under.elsewhere, 'elsewhere')()
    this.#places.push(place)
    return place
  }

  async openIn(place: SessionPlace, options: OpenElsewhere = {}): Promise<SessionUnderTest> {
    return await place.open({ storeId: this.storeId, withinMs: this.under.takeoverWithinMs, ...options })
  }

  /** Waits until no leader runs; resolves at once where nobody can tell. */
  async untilUnled(storeId = this.storeId): Promise<void> {
    const { isLed, takeoverWithinMs } = this.under
    if (isLed === undefined || !this.can('observeLeader')) return
    await eventually(async () => !(await isLed(storeId)), takeoverWithinMs, `the leader of "${storeId}" ends`)
  }

  /** Fails unless no leader runs right now. */
  async expectUnled(storeId = this.storeId): Promise<void> {
    const { isLed } = this.under
    if (isLed === undefined || !this.can('observeLeader')) return
    if (await isLed(storeId)) fail(`a leader of "${storeId}" still runs although its last session has closed`)
  }

  async end(): Promise<void> {
    // Ends also what a case that failed has left with events that nobody will take.
    const closing = [...this.#open].map((session) => session.close().catch(() => undefined))
    await within(this.under.takeoverWithinMs, Promise.all(closing), 'closing').catch(() => undefined)
    for (const place of this.#places) await place.kill()
    await this.under.close()
  }

  #keep(session: SessionUnderTest): SessionUnderTest {
    const left = async (leave: () => Promise<void>): Promise<void> => {
      await leave()
      this.#open.delete(kept)
    }
    const kept: SessionUnderTest = {
      ...session,
      close: () => left(() => session.close()),
      wipe: () => left(() => session.wipe()),
    }
    this.#open.add(kept)
    return kept
  }
}

/** A capability's method; an adapter that names the capability has to have it. */
export const method = <M>(given: M | undefined, name: AdapterCapability): M =>
  given ?? fail(`the capability "${name}" is named, but its method is missing`)

/** `promise`, or a failure of the suite after `ms`. */
export const within = async <A>(ms: number, promise: Promise<A>, what: string): Promise<A> => {
  let timer: unknown
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new AssertionFailed(`waited ${ms} ms: ${what}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer as Parameters<typeof clearTimeout>[0])
  }
}

/** Looks again every few ms, for what nobody tells. */
export const eventually = async (isReached: () => Promise<boolean>, withinMs: number, what: string): Promise<void> => {
  const deadline = Date.now() + withinMs
  while (!(await isReached())) {
    if (Date.now() > deadline) fail(`waited ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** The error that `promise` must fail with, as its tag. */
export const failureTag = async (promise: Promise<unknown>, what: string): Promise<string> => {
  const outcome = await promise.then(
    () => null,
    (error: unknown) => ({ error }),
  )
  return outcome === null ? fail(`${what}: expected a failure`) : tagOf(outcome.error)
}

/** `a-0`, `a-1`, … */
export const idsOf = (prefix: string, count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}`)

/** Fails unless all sessions have the same tables, byte for byte. */
export const expectSame = async (sessions: ReadonlyArray<SessionUnderTest>): Promise<void> => {
  const [first, ...others] = await Promise.all(sessions.map((session) => session.dump()))
  for (const [i, other] of others.entries()) {
    if (other !== first) fail(`session ${i + 1} has other tables than the first:\n${firstDifference(first!, other)}`)
  }
}

const firstDifference = (a: string, b: string): string => {
  const [left, right] = [a.split('\n'), b.split('\n')]
  const at = left.findIndex((line, i) => line !== right[i])
  const line = at < 0 ? left.length : at
  return `line ${line}: ${left[line]?.slice(0, 100)} / ${right[line]?.slice(0, 100)} (${left.length}, ${right.length} lines)`
}
