import type { Store } from '@headwater/core'
import { defineInspector } from './defineInspector.ts'
import type { InspectorDock } from './InspectorDock.ts'

export interface AttachOptions {
  /** Offers to retry and to discard lost events. Default `false`: it only reads. */
  readonly writable?: boolean
  /** Begins opened. Default `false`. */
  readonly open?: boolean
  /** Default: as the page. */
  readonly theme?: 'light' | 'dark'
  /** Added to bug reports: `{ app: '1.4.2' }`. */
  readonly versions?: Readonly<Record<string, string>>
  /** Default `document.body`. */
  readonly parent?: ParentNode
}

/**
 * Puts the inspector into a page: a button in the corner that opens it. For development, behind a condition that your
 * bundler knows, so that it is in no production build. The answer takes it away again.
 *
 * **Example**
 * ```ts
 * if (import.meta.env.DEV) {
 *   const { attachInspector } = await import('@headwater/devtools')
 *   attachInspector(store, { writable: true })
 * }
 * ```
 */
export const attachInspector = (store: Store, options: AttachOptions = {}): (() => void) => {
  const { writable = false, open = false, theme, versions = {}, parent = document.body } = options
  defineInspector()
  const dock = document.createElement('headwater-inspector-dock') as InspectorDock
  Object.assign(dock, { store, writable, open, theme, versions })
  parent.append(dock)
  return () => dock.remove()
}
