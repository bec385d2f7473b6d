/** The app as `vite build` makes it, behind one address with its server, which can go away and come back. */
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RunningServer, startServer } from '@headwater/server'
import { build, preview, type PreviewServer } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))

export class BuiltApp {
  readonly url: string
  readonly #pages: PreviewServer
  readonly #data: string
  #server: RunningServer

  private constructor(pages: PreviewServer, server: RunningServer, data: string) {
    this.url = `http://localhost:${(pages.httpServer.address() as AddressInfo).port}/`
    this.#pages = pages
    this.#server = server
    this.#data = data
  }

  static async start(folder: string): Promise<BuiltApp> {
    const outDir = join(folder, 'dist')
    await build({ root, logLevel: 'error', build: { outDir, emptyOutDir: true } })
    const data = join(folder, 'data')
    const server = await startServer({ data, port: 0 })
    const pages = await preview({
      root,
      // A server that goes away is what some tests are about.
      logLevel: 'silent',
      build: { outDir },
      preview: {
        // 0 would be taken for none.
        port: 4100 + Math.floor(Math.random() * 20_000),
        proxy: { '/sync': { target: server.url, changeOrigin: true, rewrite: (path) => path.slice('/sync'.length) } },
      },
    })
    return new BuiltApp(pages, server, data)
  }

  async stopServer(): Promise<void> {
    await this.#server.close()
  }

  /** On the port that it had. */
  async startServer(): Promise<void> {
    this.#server = await startServer({ data: this.#data, port: this.#server.port })
  }

  async stop(): Promise<void> {
    await this.#pages.close()
    await this.#server.close()
  }
}
