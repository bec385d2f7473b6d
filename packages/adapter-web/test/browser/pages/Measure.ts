import { exposeWorkerSuite } from '../SuiteCases.ts'

exposeWorkerSuite(new Worker(new URL('./MeasureWorker.ts', import.meta.url), { type: 'module' }))
