/**
 * An app with the inspector in it. `#empty` opens it on a new store, everything else on one with troubles; `?writable`,
 * `?theme=dark`, `?dock`; `?bare` has no live queries. The test drives it through `headwaterPanel`.
 */
import { webAdapter } from '@headwater/adapter-web'
import { createStore, sql, type Store } from '@headwater/core'
import * as Schema from 'effect/Schema'
import { attachInspector, defineInspector, type InspectorElement } from '../../src/index.ts'
import { itemAdded, itemBought, items, schema } from '../Shop.ts'
import { openTroubledStore, rebaseUnderOther, type TroubledStore } from '../TroubledStore.ts'

export interface PanelPage {
  readonly troubled: TroubledStore | undefined
  readonly store: Store
  readonly itemAdded: typeof itemAdded
  readonly itemBought: typeof itemBought
  readonly rebase: () => Promise<void>
  readonly attach: () => () => void
}

const query = new URLSearchParams(location.search)
const adapter = webAdapter({ directory: 'panel' })
const troubled =
  location.hash === '#empty' ? undefined : await openTroubledStore(adapter, webAdapter({ directory: 'other' }))
const store = troubled?.store ?? (await createStore({ schema, storeId: 'empty', adapter }))
if (!query.has('bare')) {
  const nothing = (): void => undefined
  store.subscribe(items.where({ bought: false }).orderBy('name'), nothing)
  store.subscribe(items.count(), nothing)
  store.subscribe(sql`SELECT bought, sum(amount) AS n FROM ${items} GROUP BY bought`.as(Schema.Unknown), nothing)
}

const writable = query.has('writable')
const theme = query.get('theme') === 'dark' ? ('dark' as const) : ('light' as const)
const attach = (): (() => void) => attachInspector(store, { writable, theme, open: true, versions: { app: '1.4.2' } })

if (query.has('dock')) attach()
else {
  defineInspector()
  const inspector = document.createElement('headwater-inspector') as InspectorElement
  Object.assign(inspector, { store, writable, theme, versions: { app: '1.4.2' } })
  document.body.append(inspector)
  document.body.style.margin = '0'
  document.body.style.height = '100vh'
}

Object.assign(globalThis, {
  headwaterPanel: {
    troubled,
    store,
    itemAdded,
    itemBought,
    rebase: () => rebaseUnderOther(troubled!),
    attach,
  } satisfies PanelPage,
})
