/** Of docs/server.md: what an app has of its own. */
import type { Authorize } from '@headwater/server'

export { makeHandler, postgresLogStorage, sqliteLogStorage, startServer } from '@headwater/server'

export declare const url: string
export declare const authorize: Authorize
export declare const userOf: (authorization: string | null) => Promise<{ readonly id: string } | undefined>
