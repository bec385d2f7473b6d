/** `ColdProcess DIRECTORY WORKER_URL`: a program that does nothing but open its store; its last line says how long it took. */
import { nodeAdapter } from '@headwater/adapter-node'
import { startCold } from '../ColdStart.ts'

const [directory = '', workerUrl = ''] = process.argv.slice(2)
const started = await startCold(nodeAdapter({ directory, workerUrl }))
process.stdout.write(`${JSON.stringify(started)}\n`)
