import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The real server, as its command line starts it, in a process of its own. */
export interface HttpServer {
  readonly url: string
  readonly stop: () => Promise<void>
}

const serverFile = fileURLToPath(new URL('../../packages/server/src/main.ts', import.meta.url))

/** Starts a server on a free loopback port; it dies with this process. */
export const startHttpServer = async (folder: string): Promise<HttpServer> => {
  const child = spawn(process.execPath, [...process.execArgv, serverFile, '--data', folder, '--port', '0', '--quiet'], {
    stdio: ['ignore', 'pipe', 'ignore'],
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
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      process.off('exit', kill)
    },
  }
}
