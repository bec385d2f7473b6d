import { exposeWorkerSuite } from '../SuiteCases.ts'

exposeWorkerSuite(new Worker(new URL('./StoreFoldersWorker.ts', import.meta.url), { type: 'module' }))
