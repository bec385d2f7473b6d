import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Servers of the command line, on one database. */
export interface PostgresServers {
  readonly urls: ReadonlyArray<string>
  readonly stop: () => Promise<void>
}

const serverFile = fileURLToPath(new URL('../../../packages/server/src/main.ts', import.meta.url))

/** Starts them on free ports; they die with this process. */
export const startServers = async (databaseUrl: string, count: number): Promise<PostgresServers> => {
  const servers = await Promise.all(Array.from({ length: count }, () => startServer(databaseUrl)))
  return {
    urls: servers.map(({ url }) => url),
    stop: async () => {
      await Promise.all(servers.map(({ stop }) => stop()))
    },
  }
}

const startServer = async (databaseUrl: string) => {
  const child = spawn(process.execPath, [serverFile, '--port', '0', '--quiet'], {
    env: { ...process.env, HEADWATER_DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
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
    },
  }
}
