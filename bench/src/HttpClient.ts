import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { HttpAnswer, HttpOrder } from './HttpClientProcess.ts'

/** A client process, from the side that gives the orders. */
export interface HttpClient {
  readonly order: (order: HttpOrder) => Promise<HttpAnswer>
}

interface Answered {
  readonly n: number
  readonly answer: HttpAnswer
}

/** Starts one; resolves when its store is synced. It dies with this process. **Fails with** an error if the process ends before its time. */
export const startHttpClient = async (url: string, folder: string): Promise<HttpClient> => {
  const file = fileURLToPath(new URL('HttpClientProcess.ts', import.meta.url))
  const child = fork(file, [url, folder], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const waiting = new Map<number, { resolve: (answer: HttpAnswer) => void; reject: (error: Error) => void }>()
  let last = 0
  const answerTo = (n: number): Promise<HttpAnswer> =>
    new Promise((resolve, reject) => {
      waiting.set(n, { resolve, reject })
    })
  child.on('message', ({ n, answer }: Answered) => {
    waiting.get(n)?.resolve(answer)
    waiting.delete(n)
  })
  child.once('exit', (code, signal) => {
    process.off('exit', stop)
    for (const { reject } of waiting.values()) reject(new Error(`a client process ended: ${code ?? signal ?? ''}`))
  })
  const stop = (): void => void child.kill('SIGKILL')
  process.once('exit', stop)
  await answerTo(0)
  return {
    order: (order) => {
      const n = ++last
      const answer = answerTo(n)
      child.send({ n, order })
      return answer
    },
  }
}
