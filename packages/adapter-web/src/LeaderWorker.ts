/** The worker that leads one store: composition only. No `await` at its top: bundlers make workers classic scripts. */
import { serveLeader } from './LeaderScope.ts'
import { opfsFiles } from './OpfsFiles.ts'

serveLeader(opfsFiles)
