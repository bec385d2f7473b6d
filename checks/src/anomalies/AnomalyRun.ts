import { RequestFailed, type Store, StoreClosed } from '@headwater/core'
import { SqliteError } from '@headwater/core/adapter'
import type { DeviceKind, FaultDuration } from './AnomalyDevice.ts'
import { AnomalyWorld } from './AnomalyWorld.ts'
import type { WritePath } from './WritePaths.ts'

/** One run: which operation fails on which path, and how. */
export interface AnomalyPoint {
  readonly path: WritePath
  readonly kind: DeviceKind
  readonly fault: string
  readonly duration: FaultDuration
  /** **Shape** counts from 1. */
  readonly n: number
}

/** What the property says no. Its message is for people. */
export class AnomalyViolation extends Error {
  override readonly name = 'AnomalyViolation'
}

/** Bounds what never ends; on a busy machine nothing here takes a tenth of it. **Units** ms. */
const patienceMs = 8000

/** Where the fault hit, in words, or `null` when the path came through untouched. **Fails with** `AnomalyViolation`. */
export const runPoint = async ({ path, kind, fault, duration, n }: AnomalyPoint): Promise<string | null> => {
  const device = kind.make()
  const at = new AnomalyWorld(device)
  try {
    await within(path.before(at), 'the preparation')
    at.isTold = false
    device.arm(fault, n, duration)
    const outcome = settle(path.run(at))
    if (duration === 'lasting') await within(untilToldOrDone(at, outcome), 'telling anybody')
    mustBeQuiet(at)
    const hit = device.hit()
    if (duration === 'lasting') device.repair()
    const error = await within(outcome, 'the path')
    const where = hit ?? device.hit()
    device.repair()
    mustBeTyped(error, 'the path')
    if (where === null && error !== undefined) throw new AnomalyViolation(`failed without a fault: ${inWords(error)}`)
    await recovered(at)
    await reopened(at)
    mustBeQuiet(at)
    return where
  } catch (error) {
    if (error instanceof AnomalyViolation) throw error
    throw new AnomalyViolation(inWords(error), { cause: error })
  } finally {
    await at.dispose()
  }
}

type Outcome = Promise<unknown>

/** The error of a promise, or `undefined`. */
const settle = (promise: Promise<unknown>): Outcome =>
  promise.then(
    () => undefined,
    (error: unknown) => error ?? new Error('rejected with nothing'),
  )

/** A fault that lasts is told in the status, or the path fails, or it gets by without what is broken. */
const untilToldOrDone = async (world: AnomalyWorld, outcome: Outcome): Promise<void> => {
  let isDone = false
  void outcome.then(() => (isDone = true))
  while (!isDone && !world.isTold && world.escaped.length === 0) await turn()
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The store that was hit goes on where it was. */
const recovered = async (world: AnomalyWorld): Promise<void> => {
  if (!world.isOpen) return
  mustBeQuiet(world)
  const store = world.store
  world.setOnline(true)
  await within(decided(store), 'contact after the repair')
  await within(world.synced(), 'the recovery of the running store')
  await within(
    store.until(({ backend }) => backend.error === null),
    'the error in the status',
  )
  world.check()
  await within(world.close(), 'closing after the repair')
}

/** An interrupted `resolveHistory` is asked for again: the app has seen it fail. */
const decided = async (store: Store): Promise<void> => {
  const { backend } = await store.until(
    ({ isSynced, backend: { connection } }) => isSynced || connection === 'stopped' || connection === 'none',
  )
  if (backend.connection === 'stopped') await store.resolveHistory('re-push')
}

/** A clean start by the same process finds everything. */
const reopened = async (world: AnomalyWorld): Promise<void> => {
  world.setOnline(true)
  await within(world.start(), 'the clean reopening')
  await within(decided(world.store), 'contact after the reopening')
  await within(world.synced(), 'syncing after the reopening')
  await within(world.caughtUp(), 'the state after the reopening')
  world.check()
  await within(world.close(), 'closing after the reopening')
}

/** **Fails with** `AnomalyViolation` for an error that is not one of the machine's. */
export const mustBeTyped = (error: unknown, what: string): void => {
  if (error === undefined) return
  if (error instanceof SqliteError && error.isEnvironment) return
  if (error instanceof RequestFailed && error.reason === 'SqliteError') return
  if (error instanceof StoreClosed) return
  throw new AnomalyViolation(`${what} failed with an error that says nothing of the machine: ${inWords(error)}`)
}

const mustBeQuiet = ({ escaped, logged }: AnomalyWorld): void => {
  if (escaped.length > 0)
    throw new AnomalyViolation(`escaped from a task, which ends its thread: ${inWords(escaped[0])}`)
  for (const tag of logged) {
    if (tag.startsWith('InvariantViolation')) throw new AnomalyViolation(`a broken law was logged: ${tag}`)
  }
}

const inWords = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : JSON.stringify(error)

/** The promise, unless it never ends. **Fails with** `AnomalyViolation`. */
export const within = async <A>(promise: Promise<A>, what: string): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new AnomalyViolation(`${what} never ended`)), patienceMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
