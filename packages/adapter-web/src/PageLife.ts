/** What the browser says of this page's life, told to the stores in it. */

/** One store's part in it. */
export interface LifeListener {
  /** The page will be frozen, or is put into the back/forward cache: nothing runs until `resume`. */
  readonly suspend: () => void
  readonly resume: () => void
}

const listeners = new Set<LifeListener>()
const wakeListeners = new Set<() => void>()

const tell = (what: keyof LifeListener): void => {
  for (const listener of Array.from(listeners)) listener[what]()
}

const tellAwake = (): void => {
  for (const listener of Array.from(wakeListeners)) listener()
}

let isListening = false

/** Once per page: listeners that come and go leave nothing with the browser. */
const listenOnce = (): void => {
  if (isListening || typeof document === 'undefined') return
  isListening = true
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') tellAwake()
  })
  addEventListener('online', tellAwake)
  addEventListener('pagehide', ({ persisted }) => {
    // A page that is thrown away needs nothing: its locks go with it.
    if (persisted) tell('suspend')
  })
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) tell('resume')
  })
  document.addEventListener('freeze', () => tell('suspend'))
  document.addEventListener('resume', () => tell('resume'))
}

/** Listens for as long as the page lives. */
export const onPageLife = (listener: LifeListener): void => {
  listenOnce()
  listeners.add(listener)
}

/** Called when the network is back, or the page is shown again, whose timers may have slept. The answer ends it. */
export const onPageWake = (listener: () => void): (() => void) => {
  listenOnce()
  wakeListeners.add(listener)
  return () => void wakeListeners.delete(listener)
}
