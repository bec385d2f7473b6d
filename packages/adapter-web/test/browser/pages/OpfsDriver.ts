import { exposeWorkerSuite } from '../SuiteCases.ts'

exposeWorkerSuite(new Worker(new URL('./OpfsDriverWorker.ts', import.meta.url), { type: 'module' }))
