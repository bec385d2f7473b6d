import { openWorld, suiteInBrowser } from './browser/SuiteInBrowser.ts'

const world = await openWorld(['MemoryDriver'])

await suiteInBrowser('SQLite in memory on the page', world, 'MemoryDriver')
