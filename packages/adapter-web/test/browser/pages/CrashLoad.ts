/**
 * Load for a browser that will be killed. The worker tells what it has found, then what is committed; the page passes the
 * newest on to the test, as `found` and `acknowledged`.
 */
export interface Acknowledged {
  /** Highest event whose COMMIT has returned. */
  readonly event: number
  /** Exports that were kept. */
  readonly exports: number
}

export interface Found extends Acknowledged {
  /** What is wrong with what was found; empty if nothing is. */
  readonly wrong: ReadonlyArray<string>
  readonly wasSalvaging: boolean
}

export type CrashLoadMessage = { readonly found: Found } | { readonly acknowledged: Acknowledged }

interface Bindings {
  readonly found: (found: Found) => Promise<void>
  readonly acknowledged: (acknowledged: Acknowledged) => Promise<void>
}

const { found, acknowledged } = globalThis as unknown as Bindings
const worker = new Worker(new URL('./CrashLoadWorker.ts', import.meta.url), { type: 'module' })

let newest: Acknowledged | null = null
let isTelling = false

const tell = async (): Promise<void> => {
  if (isTelling) return
  isTelling = true
  while (newest !== null) {
    const next = newest
    newest = null
    await acknowledged(next)
  }
  isTelling = false
}

worker.addEventListener('message', ({ data }: MessageEvent<CrashLoadMessage>) => {
  if ('found' in data) return void found(data.found)
  newest = data.acknowledged
  void tell()
})
worker.addEventListener('error', ({ message }) => {
  void found({ event: 0, exports: 0, wasSalvaging: false, wrong: [`the worker failed: ${message}`] })
})
