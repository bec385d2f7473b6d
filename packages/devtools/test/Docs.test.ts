/** The code of docs/inspector.md and of the README: every block of it stands here, and is compiled. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { memoryAdapter, nodeAdapter } from '@headwater/adapter-node'
import { createStore, inspectStore, type Store } from '@headwater/core'
import { expect, onTestFinished, test, vi } from 'vitest'
import { defineInspector, type InspectorElement, storeReport } from '../src/index.ts'
import { readReport, replayReport } from '../src/terminal/replay.ts'
import { itemAdded, schema } from './Shop.ts'

declare global {
  interface ImportMeta {
    readonly env: { readonly DEV: boolean }
  }
}

// Run by bundlers and browsers: Panel.test.ts has them in one.

export const attachAsInReadme = async (store: Store): Promise<void> => {
  if (import.meta.env.DEV) {
    const { attachInspector } = await import('@headwater/devtools')
    attachInspector(store)
  }
}

export const attachAsInGuide = async (store: Store): Promise<() => void> => {
  if (import.meta.env.DEV) {
    const { attachInspector } = await import('@headwater/devtools')
    const detach = attachInspector(store, { writable: true, versions: { app: '1.4.2' } })
    return detach
  }
  return () => undefined
}

export const embedAsInGuide = (store: Store): void => {
  defineInspector()
  const inspector = document.createElement('headwater-inspector') as InspectorElement
  inspector.store = store
  document.querySelector('#inspector')!.append(inspector)
}

export const replayAsInGuide = async (directory: string): Promise<Store> => {
  const storeId = replayReport(readReport('report.json'), { directory })
  const store = await createStore({ schema, storeId, adapter: nodeAdapter({ directory }) })
  return store
}

test('the code for tools of your own runs', async () => {
  const store = await createStore({ schema, storeId: 'docs', adapter: memoryAdapter() })
  onTestFinished(() => store.close())
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  onTestFinished(() => log.mockRestore())

  const inspection = inspectStore(store)
  inspection.pending() // what the leader does not have yet
  inspection.liveQueries() // how each is kept, and what it has cost since somebody observes
  const page = await inspection.readLog({ after: { global: 0, client: 0 }, limit: 100 })
  const leave = inspection.observe({
    now: () => performance.now(),
    onStep: (step) => console.log(step._tag, step.ms), // commit, advance, rebase, snapshot
  })

  expect(page.events).toEqual([])
  store.commit(itemAdded({ id: 'i1', name: 'milk', amount: 1 }))
  leave()
  store.commit(itemAdded({ id: 'i2', name: 'bread', amount: 1 }))
  expect(log.mock.calls).toEqual([['commit', expect.any(Number)]])
  expect((await storeReport(store)).store.storeId).toBe('docs')
})

const plain = (code: string): string => code.replaceAll(/\s+/g, ' ').trim()

test.each(['../../../docs/inspector.md', '../README.md'])(
  'every block of %s stands here, and its links lead somewhere',
  (name) => {
    const path = join(import.meta.dirname, name)
    const text = readFileSync(path, 'utf8')
    const here = plain(readFileSync(import.meta.filename, 'utf8'))
    const blocks = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code ?? '')
    expect(blocks.length).toBeGreaterThan(1)
    for (const block of blocks) {
      // Imports are at the head of this file, from the sources.
      const code = block.replaceAll(/^import .*\n/gm, '')
      for (const part of code.split('\n\n').map(withoutEnd)) expect(here, part).toContain(plain(part))
    }
    for (const [, target] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g))
      expect(existsSync(join(dirname(path), target ?? '')), target).toBe(true)
  },
)

/** A block of a page may end where this file goes on. */
const withoutEnd = (part: string): string => part.replace(/\n\}\s*$/, '')
