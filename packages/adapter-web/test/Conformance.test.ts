/** The adapter and its lock against the suites that every adapter runs, over both ways between tabs. */
import { openWorld, suiteInBrowser } from './browser/SuiteInBrowser.ts'
import { driveTabs } from './browser/TabDriver.ts'

const world = await openWorld(['Conformance', 'Actor'])
await driveTabs(world.chromium.context, world.server.url)

await suiteInBrowser('web adapter, ports passed on by a SharedWorker', world, 'Conformance')
await suiteInBrowser('web adapter, relayed over BroadcastChannel', world, 'Conformance?relay')
