import { parsePosition, type StoreStatus } from '@headwater/core'
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react'
import { isSame, keepIdentity } from './ResultIdentity.ts'
import { type StoreHandle, useStoreHandle } from './StoreHandle.ts'

const root = parsePosition('e0')!

/** What a store says of itself before it has heard anything: shown while it opens, and on servers. */
const openingStatus: StoreStatus = {
  session: { sessionId: '', clientId: '', localHead: root, upstreamHead: root, settledHead: root, pending: 0 },
  leader: { connection: 'connecting', term: 0, epoch: 0, attachment: 0, localHead: root, settledHead: root },
  backend: {
    connection: 'none',
    name: null,
    backendId: null,
    head: 0,
    pending: 0,
    error: null,
    lastContactAt: null,
    isCaughtUp: false,
  },
  storage: { kind: 'files', warnings: [] },
  progress: null,
  isSynced: false,
  outdatedBy: null,
  isClosed: false,
}

/**
 * The store's status, or what `select` takes from it: the component is rendered again when that differs by value.
 *
 * **Shape**  never suspended. While the store opens, and on servers, the status of a store that is connecting.
 *
 * **Fails with**  `StoreProviderMissing`, what opening the store failed with.
 *
 * **Example**
 * ```tsx
 * const isSynced = useSyncStatus((status) => status.isSynced)
 * ```
 */
export function useSyncStatus(): StoreStatus
export function useSyncStatus<A>(select: (status: StoreStatus) => A): A
export function useSyncStatus(select: (status: StoreStatus) => unknown = whole): unknown {
  const handle = useStoreHandle('useSyncStatus')
  const subscribe = useMemo(() => subscribeTo(handle), [handle])
  const shown = useRef<{ readonly value: unknown }>(null)
  const [read, readOnServer] = useMemo(() => {
    const selection = makeSelection(select, shown)
    return [() => selection(handle.read()?.status ?? openingStatus), () => selection(openingStatus)]
  }, [handle, select])
  const value = useSyncExternalStore(subscribe, read, readOnServer)
  useEffect(() => {
    shown.current = { value }
  }, [value])
  return value
}

const whole = (status: StoreStatus): StoreStatus => status

const subscribeTo =
  (handle: StoreHandle) =>
  (listener: () => void): (() => void) =>
    handle.attach((store) => store.onStatus(listener), listener)

/** Selects with the identity of the last selection, or, the first time of an inline `select`, of what is on the screen. */
const makeSelection = (
  select: (status: StoreStatus) => unknown,
  shown: { readonly current: { readonly value: unknown } | null },
): ((status: StoreStatus) => unknown) => {
  let last: { readonly status: StoreStatus; readonly value: unknown } | undefined
  return (status) => {
    if (last !== undefined && isSame(last.status, status)) return last.value
    const before = last ?? shown.current
    const value = select(status)
    last = { status, value: before === null ? value : keepIdentity(before.value, value) }
    return last.value
  }
}
