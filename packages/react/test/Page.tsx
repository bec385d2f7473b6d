/** A page for one test: what React shows is read as text. */
import { act, Component, type ReactNode } from 'react'
import { createRoot, hydrateRoot, type Root } from 'react-dom/client'
import { afterEach, beforeEach, expect, vi } from 'vitest'

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

/** What React complains of (a snapshot that is not cached, a hook used wrongly, HTML that differs) fails the test. */
const complaints: Array<string> = []
beforeEach(() => {
  complaints.length = 0
  vi.spyOn(console, 'error').mockImplementation((...told: ReadonlyArray<unknown>) => {
    if (!String(told[0]).startsWith('headwater:')) complaints.push(told.map(String).join(' '))
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  expect(complaints).toEqual([])
})

export interface Page {
  readonly container: HTMLElement
  readonly text: () => string
  readonly show: (node: ReactNode) => Promise<void>
  readonly leave: () => Promise<void>
}

const pageOf = (container: HTMLElement, root: Root): Page => ({
  container,
  text: () => container.textContent ?? '',
  show: (node) => act(async () => root.render(node)),
  leave: async () => {
    await act(async () => root.unmount())
    container.remove()
  },
})

const newContainer = (html = ''): HTMLElement => {
  const container = document.createElement('div')
  container.innerHTML = html
  document.body.append(container)
  return container
}

export const openPage = async (node: ReactNode): Promise<Page> => {
  const container = newContainer()
  const page = pageOf(container, createRoot(container, { onCaughtError: () => undefined }))
  await page.show(node)
  return page
}

/** React schedules as it does in a browser: `act` would render everything at once. */
export const withoutAct = async (run: () => Promise<void>): Promise<void> => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false })
  try {
    await run()
  } finally {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })
  }
}

/** A page that begins with a server's HTML. `problems` are what React had to repair. */
export const hydratePage = async (
  html: string,
  node: ReactNode,
): Promise<Page & { readonly problems: ReadonlyArray<unknown> }> => {
  const container = newContainer(html)
  const problems: Array<unknown> = []
  const root = await act(async () =>
    hydrateRoot(container, node, {
      onRecoverableError: (error) => problems.push(error),
      onCaughtError: () => undefined,
    }),
  )
  return { ...pageOf(container, root), problems }
}

/** Shows the error's `_tag` in place of its children. */
export class Boundary extends Component<{ readonly children: ReactNode }, { readonly error: Error | null }> {
  override readonly state: { readonly error: Error | null } = { error: null }
  static getDerivedStateFromError(error: Error): { readonly error: Error } {
    return { error }
  }
  override render(): ReactNode {
    const { error } = this.state
    return error === null ? this.props.children : `caught ${'_tag' in error ? String(error._tag) : error.message}`
  }
}
