/** A server process that is killed. */
import { startServer } from '../../server/src/index.ts'

const { data, port } = JSON.parse(process.argv[2] ?? '{}') as { readonly data: string; readonly port: number }
const server = await startServer({ data, port, heartbeatMs: 1000 })
process.send?.({ url: server.url, port: server.port })
process.on('disconnect', () => process.exit())
