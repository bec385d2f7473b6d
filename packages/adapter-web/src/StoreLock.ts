/** Web Locks: exclusive, named, freed by the browser with the tab or worker that holds them, however that ends. */

export interface HeldLock {
  /** Resolves when it is free. */
  readonly release: () => Promise<void>
  /** Resolves when somebody has stolen it. */
  readonly stolen: Promise<void>
}

export interface TakeLockOptions {
  /** Takes it from whoever holds it. */
  readonly steal?: boolean
  /** `null` at once if somebody holds it, instead of waiting. */
  readonly ifAvailable?: boolean
  /** Ends the wait, with `null`. */
  readonly signal?: AbortSignal
}

/** Takes the lock of that name for this thread. **Fails with** the browser's `DOMException` where locks are refused. */
export const takeLock = async (
  name: string,
  options: (TakeLockOptions & { readonly signal?: never; readonly ifAvailable?: never }) | TakeLockOptions = {},
): Promise<HeldLock | null> => {
  const { steal = false, ifAvailable = false, signal } = options
  if (signal?.aborted === true) return null
  let release = (): void => undefined
  const whileHeld = new Promise<void>((resolve) => (release = resolve))
  let tellStolen = (): void => undefined
  const stolen = new Promise<void>((resolve) => (tellStolen = resolve))
  // The platform refuses a signal beside `steal` or `ifAvailable`, which do not wait.
  const waiting: LockOptions = signal === undefined ? {} : { signal }
  const asked: LockOptions = steal ? { steal } : ifAvailable ? { ifAvailable } : waiting
  return await new Promise((resolve, reject) => {
    let isGiven = false
    const ended = navigator.locks
      .request(name, asked, (lock) => {
        if (lock === null) return resolve(null)
        isGiven = true
        resolve({
          release: async () => {
            release()
            await ended
          },
          stolen,
        })
        return whileHeld
      })
      .catch((error: unknown) => {
        if (isGiven) tellStolen()
        else if (signal?.aborted === true) resolve(null)
        else reject(error as Error)
      })
  })
}

/** Client id of whoever holds the lock of that name, `null` if nobody does. */
export const lockHolder = async (name: string): Promise<string | null> => {
  const { held = [] } = await navigator.locks.query()
  return held.find((lock) => lock.name === name)?.clientId ?? null
}

let ownName: Promise<string> | undefined

/** The client id of this thread, by which {@link lockHolder} knows it. */
export const ownClientId = (): Promise<string> =>
  (ownName ??= (async () => {
    const name = `headwater:client:${crypto.randomUUID()}`
    const lock = await takeLock(name)
    const clientId = await lockHolder(name)
    await lock?.release()
    if (clientId === null) throw new Error('the browser does not list a lock that is held')
    return clientId
  })())
