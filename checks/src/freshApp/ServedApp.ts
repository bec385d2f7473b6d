import { startNode } from '../workspace/Background.ts'

/** A page under an address, until it is stopped. */
export interface ServedApp {
  readonly url: string
  readonly stop: () => Promise<unknown>
}

/** Starts a Node program that serves, and says so with its address. **Fails with** `CommandFailed` if it ends before. */
export const serveByCommand = async (folder: string, args: ReadonlyArray<string>): Promise<ServedApp> => {
  const env = { NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1' }
  const { match, end } = await startNode(args, { cwd: folder, env, ready: /(http:\/\/(?:localhost|127\.0\.0\.1):\d+)/ })
  return { url: `${match[1]!}/`, stop: end }
}
