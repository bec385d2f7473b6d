/**
 * Starts the service. Settings are environment variables:
 *
 * | Variable          | Is                                                                        |
 * | ----------------- | ------------------------------------------------------------------------- |
 * | `PORT`            | where it listens, on this machine only; 3000 if unset                     |
 * | `DATA`            | the folder for its store; `./data` if unset                               |
 * | `HEADWATER_URL`   | a sync server; unset, the store stays on this machine                     |
 * | `HEADWATER_TOKEN` | the token for it                                                          |
 */
import { createServer } from 'node:http'
import { nodeAdapter } from '@headwater/adapter-node'
import { httpBackend } from '@headwater/backend-http'
import { createStore } from '@headwater/core'
import { schema } from './schema.ts'
import { makeService } from './service.ts'

const { PORT = '3000', DATA = './data', HEADWATER_URL: url, HEADWATER_TOKEN: token } = process.env

const getToken = token === undefined ? undefined : async () => token
const store = await createStore({
  schema,
  storeId: 'todos',
  adapter: nodeAdapter({ directory: DATA }),
  ...(url === undefined ? {} : { backend: httpBackend({ url, ...(getToken === undefined ? {} : { getToken }) }) }),
})

const server = createServer(makeService(store))
server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${PORT}`))

const end = (): void => {
  server.close(() => void store.close().then(() => process.exit(0)))
  server.closeIdleConnections()
}
process.once('SIGINT', end)
process.once('SIGTERM', end)
