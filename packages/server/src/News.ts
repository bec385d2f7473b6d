import type { ServerContext } from './ServerContext.ts'

/** Waits for appends to one store. Nothing that happens after `makeNews` is missed. */
export interface News {
  /** Ends with the first append since the last wait, when the server stops, on the signal, or after `ms` of neither. */
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<'news' | 'silence'>
  readonly end: () => void
}

export const makeNews = (server: Pick<ServerContext, 'storage' | 'stopping'>, storeId: string): News => {
  let isNews = false
  let tell: () => void = () => undefined
  const announce = (): void => {
    isNews = true
    tell()
  }
  const unsubscribe = server.storage.subscribe(storeId, announce)
  server.stopping.addEventListener('abort', announce)
  return {
    wait: async (ms, signal) => {
      if (!isNews && !server.stopping.aborted && signal?.aborted !== true) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          tell = () => {
            clearTimeout(timer)
            signal?.removeEventListener('abort', tell)
            resolve()
          }
          signal?.addEventListener('abort', tell)
        })
      }
      const outcome = isNews || server.stopping.aborted ? 'news' : 'silence'
      isNews = false
      return outcome
    },
    end: () => {
      unsubscribe()
      server.stopping.removeEventListener('abort', announce)
      tell()
    },
  }
}
