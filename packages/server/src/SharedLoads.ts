/**
 * Loads a thing once for everybody who asks for it in one tick: a thousand readers of one store wake at once and want the
 * same page. Nobody gets what was loaded before it asked.
 */
export type SharedLoads<A> = (key: string, load: () => Promise<A>) => Promise<A>

export const makeSharedLoads = <A>(): SharedLoads<A> => {
  const waiting = new Map<string, Promise<A>>()
  return (key, load) => {
    const shared = waiting.get(key)
    if (shared !== undefined) return shared
    const promise = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      waiting.delete(key)
      return load()
    })
    waiting.set(key, promise)
    return promise
  }
}
