/**
 * A move or its undo in a process of its own, which ends itself by SIGKILL behind one of its steps: `MoveProcess.ts URLS SCHEMA
 * STORE TARGET STEP`. Prints the steps that it has behind it, one a line.
 */
import { openPostgresDatabases } from '../src/PostgresDatabases.ts'
import { moveStore } from '../src/StoreMove.ts'
import { databaseAt } from './MoveFixture.ts'

const [urls = '', schema = '', storeId = '', target = '', killedBehind = ''] = process.argv.slice(2)
const databases = await openPostgresDatabases({ url: urls.split(','), schema, connections: 4 })
let steps = 0
await moveStore(databases, storeId, databaseAt(databases, target), {
  onStep: (step) => {
    steps += 1
    process.stdout.write(`${step}\n`)
    if (steps === Number(killedBehind)) process.kill(process.pid, 'SIGKILL')
  },
})
await databases.end()
