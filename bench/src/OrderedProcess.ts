import { fork } from 'node:child_process'

/** A process of its own that does what it is told over IPC, seen from the side that gives the orders. */
export interface OrderedProcess<Order, Answer> {
  /** **Fails with** an error if the process ends before it has answered. */
  readonly order: (order: Order) => Promise<Answer>
  /** Ends it. */
  readonly stop: () => void
}

interface Answered<Answer> {
  readonly n: number
  readonly answer: Answer
}

/**
 * Starts one; resolves with its answer to order 0, which nobody gives: it is ready. It dies with this process. **Shape** it is
 * sent `{ n, order }` and sends `{ n, answer }`.
 */
export const startOrderedProcess = async <Order, Answer>(
  file: string,
  args: ReadonlyArray<string>,
): Promise<OrderedProcess<Order, Answer>> => {
  const child = fork(file, [...args], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>()
  let last = 0
  const answerTo = (n: number): Promise<Answer> =>
    new Promise((resolve, reject) => {
      waiting.set(n, { resolve, reject })
    })
  child.on('message', ({ n, answer }: Answered<Answer>) => {
    waiting.get(n)?.resolve(answer)
    waiting.delete(n)
  })
  child.once('exit', (code, signal) => {
    process.off('exit', stop)
    for (const { reject } of waiting.values()) reject(new Error(`a process of the run ended: ${code ?? signal ?? ''}`))
  })
  const stop = (): void => void child.kill('SIGKILL')
  process.once('exit', stop)
  await answerTo(0)
  return {
    order: (order) => {
      const n = ++last
      const answer = answerTo(n)
      child.send({ n, order: order as object })
      return answer
    },
    stop,
  }
}
