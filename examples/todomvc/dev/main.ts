/** `pnpm dev`: starts the sync server and the app, and prints the address. `--port 5173`, `--data FOLDER`. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startDevServer } from './DevServer.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '5173' },
    data: { type: 'string', default: fileURLToPath(new URL('../.data', import.meta.url)) },
  },
})

const server = await startDevServer({ port: Number(values.port), data: values.data })
console.log(`TodoMVC is at ${server.url}
Open it in two windows, and in a private one, which is another client. Ctrl-C ends it.`)

const end = (): void => void server.close().then(() => process.exit(0))
process.once('SIGINT', end)
process.once('SIGTERM', end)
