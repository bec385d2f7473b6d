/** The app and its sync server for development, on one address. */
import { fileURLToPath } from 'node:url'
import { startServer } from '@headwater/server'
import { createServer } from 'vite'

export interface DevServerOptions {
  /** 0 takes a free one. */
  readonly port: number
  /** Folder of the server's log. */
  readonly data: string
}

export interface DevServer {
  readonly url: string
  readonly close: () => Promise<void>
}

const root = fileURLToPath(new URL('..', import.meta.url))

/** **Fails with** what keeps the port or the folder from being used. */
export const startDevServer = async ({ port, data }: DevServerOptions): Promise<DevServer> => {
  const server = await startServer({ data, port: 0 })
  const vite = await createServer({
    root,
    logLevel: 'warn',
    server: {
      port,
      strictPort: port !== 0,
      // The page asks its own origin: no CORS, and one address to open.
      proxy: { '/sync': { target: server.url, changeOrigin: true, rewrite: (path) => path.slice('/sync'.length) } },
    },
  })
  try {
    await vite.listen()
  } catch (error) {
    await server.close()
    throw error
  }
  return {
    url: vite.resolvedUrls!.local[0]!,
    close: async () => {
      await vite.close()
      await server.close()
    },
  }
}
