import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The real server, as its command line starts it, in a process of its own. */
export interface HttpServer {
  readonly url: string
  readonly pid: number
  readonly stop: () => Promise<void>
}

const serverFile = fileURLToPath(new URL('../../packages/server/src/main.ts', import.meta.url))

export type ServerPlace = { readonly data: string } | { readonly database: string }

/**
 * Starts a server on a free loopback port, on a folder or on the database behind a URL; it dies with this process.
 *
 * **Shape** `code`: the server as it is published, in one file; default its sources, which Node strips of their types. `flags`: of
 * Node, besides our own.
 */
export const startHttpServer = async (
  place: ServerPlace,
  code?: string,
  flags: ReadonlyArray<string> = [],
): Promise<HttpServer> => {
  const option = 'data' in place ? ['--data', place.data] : []
  const env = 'data' in place ? process.env : { ...process.env, HEADWATER_DATABASE_URL: place.database }
  const main = code === undefined ? [serverFile] : ['--input-type=module', '-e', runPublished(code), '--']
  const child = spawn(process.execPath, [...process.execArgv, ...flags, ...main, ...option, '--port', '0', '--quiet'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env,
  })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const record = JSON.parse(line) as { readonly event?: string; readonly url?: string }
      if (record.event === 'listening' && record.url !== undefined) resolve(record.url)
    })
    void ended.then(() => reject(new Error('the server ended before it listened')))
  })
  return {
    url,
    pid: child.pid ?? -1,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      process.off('exit', kill)
    },
  }
}

const runPublished = (code: string): string =>
  `import { runCli } from ${JSON.stringify(pathToFileURL(code).href)}; process.exitCode = await runCli(process.argv.slice(1))`
