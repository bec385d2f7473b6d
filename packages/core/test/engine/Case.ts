import { test } from 'vitest'
import { Client, type ClientOptions } from './Client.ts'

/** What one case makes and has closed at its end. */
export interface CaseContext {
  /** A client of its own: another device. */
  readonly client: (options?: ClientOptions) => Client
}

let provedCount = 0

/** Cases that have passed so far. */
export const provedCases = (): number => provedCount

/** Stray rejections of the process; a case that leaves one has failed. */
const strayRejections: Array<unknown> = []
process.on('unhandledRejection', (reason) => strayRejections.push(reason))

/** One sentence of the specification, proved on real databases. Leaves no files, no timers and no rejections behind. */
export const engineCase = (sentence: string, body: (context: CaseContext) => Promise<void>): void => {
  test(sentence, { timeout: 30_000 }, async () => {
    const clients: Array<Client> = []
    try {
      await body({
        client: (options) => {
          const client = new Client(options)
          clients.push(client)
          return client
        },
      })
    } finally {
      for (const client of clients) await client.dispose()
    }
    // Rejections are reported after the microtasks of the turn they happened in.
    await new Promise((resolve) => setImmediate(resolve))
    if (strayRejections.length > 0)
      throw new Error(`unhandled rejections: ${strayRejections.splice(0).map(String).join('; ')}`)
    provedCount++
  })
}
