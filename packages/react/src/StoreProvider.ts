import type { Store } from '@headwater/core'
import { createElement, type ReactElement, type ReactNode, Suspense, useEffect, useMemo, useState } from 'react'
import type { StoreSnapshot } from './Snapshot.ts'
import { StoreContext, StoreHandle } from './StoreHandle.ts'
import { type OpenStore, StoreOpening } from './StoreOpening.ts'

export interface StoreProviderProps {
  /**
   * An open store or the promise of one, which stay yours; or a function, which is called once, when the provider is
   * mounted, and whose store is closed when the provider is unmounted. It may be written inline; another function
   * counts only with another `key`.
   */
  readonly store: Store | Promise<Store> | OpenStore
  /** What `dehydrate` made on the server: shown until the store is open. Read once. */
  readonly snapshot?: StoreSnapshot | undefined
  /** Shown in place of `children` while one of them waits for the store: the provider is a `Suspense` boundary. */
  readonly fallback?: ReactNode
  readonly children?: ReactNode
}

/**
 * Hands a store to the hooks below it.
 *
 * **Fails with**  an opening that fails goes to the error boundary around the components that need the store.
 *
 * **Example**
 * ```tsx
 * <StoreProvider store={(signal) => createStore({ schema, storeId: 'demo', adapter, signal })} fallback={<p>Opening …</p>}>
 *   <App />
 * </StoreProvider>
 * ```
 */
export const StoreProvider = ({ store, ...props }: StoreProviderProps): ReactElement =>
  typeof store === 'function'
    ? createElement(OpeningProvider, { open: store, ...props })
    : createElement(GivenProvider, { store, ...props })

type Given = Omit<StoreProviderProps, 'store'> & { readonly store: Store | Promise<Store> }

const GivenProvider = ({ store, snapshot, fallback, children }: Given): ReactElement => {
  // oxlint-disable-next-line react/exhaustive-deps -- the snapshot is of the first render
  const handle = useMemo(() => new StoreHandle(store, snapshot), [store])
  return provide(handle, fallback, children)
}

type Opening = Omit<StoreProviderProps, 'store'> & { readonly open: OpenStore }

const OpeningProvider = ({ open, snapshot, fallback, children }: Opening): ReactElement => {
  const [opening, setOpening] = useState(() => new StoreOpening(open, snapshot))
  useEffect(() => {
    // Shown again after it was hidden (Activity), which closed the store.
    if (opening.isReleased) return setOpening(new StoreOpening(open, undefined, opening.closed))
    opening.hold()
    return () => opening.release()
    // oxlint-disable-next-line react/exhaustive-deps -- another function counts only with another key
  }, [opening])
  return provide(opening.handle, fallback, children)
}

/**
 * With a Suspense of its own: without one, React would forget the opening each time a child waits for it. Every kind of
 * provider has it, so that a server with an open store and a browser that opens one render the same tree.
 */
const provide = (handle: StoreHandle, fallback: ReactNode, children: ReactNode): ReactElement =>
  createElement(StoreContext, { value: handle }, createElement(Suspense, { fallback: fallback ?? null }, children))
