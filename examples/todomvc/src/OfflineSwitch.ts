import { useSyncExternalStore } from 'react'

/**
 * The plug that can be pulled: while it is, nothing of this browser reaches the server, as on a train. All tabs share it,
 * because any of them may be the one that talks to the server for all.
 */
const key = 'todomvc-offline'

const listeners = new Set<() => void>()
let requests = new AbortController()

export const isOffline = (): boolean => localStorage.getItem(key) !== null

export const setOffline = (offline: boolean): void => {
  if (offline) localStorage.setItem(key, 'yes')
  else localStorage.removeItem(key)
  apply()
}

const apply = (): void => {
  // Streams that are open end as they do when a network goes.
  if (isOffline()) requests.abort(new TypeError('the offline switch is on'))
  else requests = new AbortController()
  for (const listener of listeners) listener()
}

// Said to the other tabs only.
addEventListener('storage', (event) => {
  if (event.key === key || event.key === null) apply()
})

/** Calls `listener` with every change, also by another tab; the answer ends that. */
export const onOfflineSwitch = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useOffline = (): boolean => useSyncExternalStore(onOfflineSwitch, isOffline)

/** `fetch` through the switch. */
export const fetchUnlessOffline: typeof fetch = (input, init) => {
  if (isOffline()) return Promise.reject(new TypeError('the offline switch is on'))
  const signals = [init?.signal, requests.signal].filter((signal) => signal instanceof AbortSignal)
  return fetch(input, { ...init, signal: AbortSignal.any(signals) })
}
