/** The server of a history: in a process of its own, which is killed. Refuses the events that ask for it. */
import { startServer } from '@headwater/server'
import type { HistoryServerOptions } from './ClientMessage.ts'

const { data, port } = JSON.parse(process.argv[2] ?? '{}') as HistoryServerOptions
const server = await startServer({
  data,
  port,
  heartbeatMs: 1_000,
  validate: (_, { argsJson }) =>
    (JSON.parse(argsJson) as { readonly isRefused: boolean }).isRefused ? 'asked to be refused' : undefined,
})
process.send?.({ port: server.port })
process.on('disconnect', () => process.exit())
