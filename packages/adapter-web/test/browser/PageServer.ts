import { readFileSync, rmSync, mkdtempSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

export interface PageServer {
  /** `http://127.0.0.1:<port>`; the page of the entry `X.ts` is at `/X`. */
  readonly url: string
  readonly close: () => Promise<void>
}

/** What an app with the strictest policy allows: no inline script, no `eval`, WebAssembly, its own workers. */
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'"

const typeOf: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
  '.html': 'text/html; charset=utf-8',
}

const pagesFolder = fileURLToPath(new URL('pages', import.meta.url))

export interface ServeOptions {
  /** Default `false`: code that can be read in a failure. */
  readonly isMinified?: boolean
  /** Sent with every page and file. */
  readonly headers?: Readonly<Record<string, string>>
  /** Answers what is neither; `false`: it is. */
  readonly answer?: (path: string, response: ServerResponse) => boolean
}

/** Bundles entries of a folder as an app's production build would, and serves each as a page with a strict policy. */
export const servePages = async (
  entries: ReadonlyArray<string>,
  root = pagesFolder,
  { isMinified = false, headers = {}, answer = () => false }: ServeOptions = {},
): Promise<PageServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-pages-'))
  await bundle({ entries, root, outDir: folder, isMinified })
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname)
    const name = path.slice(1)
    if (answer(path, response)) return
    for (const [header, value] of Object.entries(headers)) response.setHeader(header, value)
    if (entries.includes(name)) send(response, '.html', page(name))
    else sendFile(response, join(folder, path))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Bundling {
  readonly entries: ReadonlyArray<string>
  readonly root: string
  readonly outDir: string
  readonly isMinified: boolean
}

/** Vite with no configuration for workers or WebAssembly: what a user's app has. */
const bundle = ({ entries, root, outDir, isMinified }: Bundling): Promise<unknown> =>
  build({
    root,
    configFile: false,
    logLevel: 'error',
    base: '/',
    build: {
      outDir,
      emptyOutDir: true,
      minify: isMinified,
      chunkSizeWarningLimit: 10_000,
      rollupOptions: {
        input: Object.fromEntries(entries.map((name) => [name, join(root, `${name}.ts`)])),
        output: { entryFileNames: '[name].js' },
      },
    },
  })

const page = (entry: string): string =>
  `<!doctype html><meta charset="utf-8"><title>${entry}</title><script type="module" src="/${entry}.js"></script>`

const sendFile = (response: ServerResponse, path: string): void => {
  let content: Buffer
  try {
    content = readFileSync(path)
  } catch {
    response.writeHead(404).end()
    return
  }
  send(response, extname(path), content)
}

const send = (response: ServerResponse, type: string, content: string | Buffer): void => {
  response.writeHead(200, {
    'content-type': typeOf[type] ?? 'application/octet-stream',
    'content-security-policy': policy,
  })
  response.end(content)
}
