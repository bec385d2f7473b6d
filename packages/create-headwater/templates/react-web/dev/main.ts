/** `npm run dev`: the sync server and the page on one address. `--port 5173`, `--data FOLDER` for the server's log. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startServer } from '@headwater/server'
import { createServer } from 'vite'

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '5173' },
    data: { type: 'string', default: folder('../data') },
  },
})

const server = await startServer({ data: values.data, port: 0 })
const vite = await createServer({
  root: folder('..'),
  server: {
    port: Number(values.port),
    // The page asks its own origin: no CORS, and one address to open.
    proxy: { '/sync': { target: server.url, changeOrigin: true, rewrite: (path) => path.slice('/sync'.length) } },
  },
})
await vite.listen()
console.log(`Open ${vite.resolvedUrls!.local[0]} in two windows. Ctrl-C ends it.`)

const end = async (): Promise<void> => {
  await vite.close()
  await server.close()
  process.exit(0)
}
process.once('SIGINT', () => void end())
process.once('SIGTERM', () => void end())
