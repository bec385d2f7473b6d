/** The leader's worker in a browser that has no OPFS. */
import { serveLeader } from '../../../src/LeaderScope.ts'
import { opfsFiles } from '../../../src/OpfsFiles.ts'

Reflect.deleteProperty(FileSystemFileHandle.prototype, 'createSyncAccessHandle')

serveLeader(opfsFiles)
