import { openWorld, suiteInBrowser } from './browser/SuiteInBrowser.ts'

const world = await openWorld(['StoreFolders'])

await suiteInBrowser('the folders of a store', world, 'StoreFolders')
