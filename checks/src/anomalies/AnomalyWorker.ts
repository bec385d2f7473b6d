/** A thread that runs the loops it is sent, one after the other. */
import { parentPort } from 'node:worker_threads'
import { type AnomalyTask, runTask } from './AnomalyLoop.ts'

parentPort!.on('message', (task: AnomalyTask) => {
  void runTask(task).then((result) => parentPort!.postMessage(result))
})
