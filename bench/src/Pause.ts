/** Waiting, the same on Node and in browsers. */

/**
 * Gives the thread back until everything that waited has had its turn: `setImmediate` on Node; in browsers, where timers
 * take 4 ms, a message to ourselves.
 */
export const nextTurn: () => Promise<void> =
  typeof setImmediate === 'function'
    ? () => new Promise((resolve) => void setImmediate(resolve))
    : () =>
        new Promise((resolve) => {
          const { port1, port2 } = new MessageChannel()
          port1.addEventListener('message', () => {
            port1.close()
            resolve()
          })
          port1.start()
          port2.postMessage(null)
        })

/** **Units** ms. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))
