import { openWorld, suiteInBrowser } from './browser/SuiteInBrowser.ts'

const world = await openWorld(['OpfsDriver'])

await suiteInBrowser('SQLite in OPFS in a worker', world, 'OpfsDriver')
