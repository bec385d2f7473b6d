/** Loops on several threads: each is on a device of its own, so none of them minds the others. */
import { Worker } from 'node:worker_threads'
import { type AnomalyTask, type LoopResult, runTask } from './AnomalyLoop.ts'

/** Runs them all, and answers in the order of `tasks`. */
export const runTasks = async (
  tasks: ReadonlyArray<AnomalyTask>,
  jobs: number,
  onResult: (task: AnomalyTask, result: LoopResult) => void,
): Promise<void> => {
  if (jobs === 1 || tasks.length === 1) {
    for (const task of tasks) onResult(task, await runTask(task))
    return
  }
  let next = 0
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./AnomalyWorker.ts', import.meta.url))
      let task: AnomalyTask | undefined
      const feed = (): void => {
        task = tasks[next++]
        if (task !== undefined) return worker.postMessage(task)
        void worker.terminate().then(() => resolve())
      }
      worker.on('message', (result: LoopResult) => {
        onResult(task!, result)
        feed()
      })
      worker.on('error', reject)
      feed()
    })
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, work))
}
